// Everything on this page can be read without scripts; with them, tables sort and mistakes can be explored.
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll(".zoomable").forEach(zoomable);
if (byId("explorer-data")) unpacked(byId("explorer-data")).then(startExplorer);
if (byId("suspects-data")) unpacked(byId("suspects-data")).then(startDeciding);
