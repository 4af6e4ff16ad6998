"""What charges cost, as the simulated operator reckons it: by its own tariffs, with its own hands.

The portal's estimates are made elsewhere and know nothing of this, nor this of them.
"""
