"""A site's power and prices by AMPECO's figures, where no network of Ampcontrol's gives them."""
