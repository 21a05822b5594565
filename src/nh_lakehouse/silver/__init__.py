"""Typed, checked, merged rows with history: reusable steps, and one module per domain."""
