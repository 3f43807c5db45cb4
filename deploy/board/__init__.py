"""The live board (实时看板): pages for wall screens and phones of what is so now, as `pingliu board` serves them.

`scene` is what is shown, `fragments` how, both without NiceGUI; `screens` sends what changed to who looks, `pages` and
`guard` are what a browser meets, `server` is the process.
"""
