#!/bin/sh
# tests/picture.sh: graphs as pictures.
. "$(dirname "$0")/lib.sh"

workspace_two_make ws '
    , check = C.test C.Test::{ name = "check", srcs = [ "main.c" ], deps = [ D.at "//lib" ] }' || exit 1
cd ws || exit 1
cat >look.py <<'END2'
import sys, xml.dom.minidom
svg = xml.dom.minidom.parse(sys.argv[1]).documentElement
assert svg.tagName == "svg" and int(svg.getAttribute("width")) > 0, svg
boxes = {}
for group in svg.getElementsByTagName("g"):
    rect = group.getElementsByTagName("rect")[0]
    texts = [t.firstChild.data for t in group.getElementsByTagName("text")]
    boxes[texts[0]] = (texts[1:], group.getAttribute("class"), int(rect.getAttribute("y")))
    right = int(rect.getAttribute("x")) + int(rect.getAttribute("width"))
    assert 0 <= int(rect.getAttribute("x")) and right <= int(svg.getAttribute("width")), texts
edges = [p for p in svg.getElementsByTagName("path") if p.getAttribute("marker-end")]
print(sorted(boxes.items()), len(edges))
END2
expect "a picture of a target" 0 "$straylight" graph --svg //app:app
cp "$out" app.svg
ok "is SVG" python3 look.py app.svg
out_has "with names, kinds and the order of layers" "[('//app:app', (['c.binary'], 'binary', 20)), ('//lib:lib', (['c.library'], 'library', 116))] 1"
expect "again" 0 "$straylight" graph --svg //app:app
out_is "the same bytes" app.svg
expect "of actions" 0 "$straylight" graph --svg --actions //app:app
cp "$out" actions.svg
ok "is SVG, too" python3 look.py actions.svg
out_has "with an edge from who reads to who made it" "('//app:app#app', (['c.link'], 'binary', 20))"
expect "of any query" 0 "$straylight" query --output svg '//app:* + //lib'
cp "$out" query.svg
ok "has its nodes and their edges" python3 look.py query.svg
out_has "and those alone" "'test'"
expect "of nothing" 1 "$straylight" graph --svg //none
expect "Graphviz's language" 0 "$straylight" graph --actions //app:app
out_has "is as before" '"//app:app#app" -> "//app:app#main.c";'
finish
