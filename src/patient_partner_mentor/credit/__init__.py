"""The reflection check: credit for showing up, and words noticed for those who ask. Pure rules over published data.

The same rules and data run in the browser (``credit.js``, ``noticing.js``); files of vectors hold the two together.
"""
