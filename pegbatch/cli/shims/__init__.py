"""Commands of Pegasus, and HTCondor's `condor_q`, as Pegasus's own Python client calls them."""
