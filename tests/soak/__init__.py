"""A soak: a large workflow under killed children, failing stores, throttled calls, killed clients.

python -m tests.soak --tasks 2000 --seed 1 --wire --n-to-n-failure array
"""
