"""What the person sees and presses: plain lines around pytest's own report, and single keys."""
