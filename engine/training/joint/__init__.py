"""How the heads of the text–audio space are trained: data, features, recipe, ablation."""
