"""The shapes world: a captioned world of simple shapes, and small text-to-image models trained on it."""
