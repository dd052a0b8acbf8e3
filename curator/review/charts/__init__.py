"""The charts of the Overview, each bar with the filter that it stands for."""
