"""What people read: plans and runs as text (pure)."""
