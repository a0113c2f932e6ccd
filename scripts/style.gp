# What all figures share: colours that colour-blind readers can tell apart (Okabe and Ito), fonts, borders.
array colours[8] = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#666666', '#000000']
colour(k) = colours[(int(k) - 1) % 8 + 1]
set encoding utf8
set border 3 lw 0.8
set tics nomirror out scale 0.6
set key noenhanced
unset key

# Each figure is drawn twice: as SVG for documents and as PNG for a quick look. width and height in points.
open_svg(width, height) = sprintf("set terminal svg size %d,%d font 'sans,12' background 'white' dynamic", width, height)
open_png(width, height) = sprintf("set terminal pngcairo size %d,%d font 'sans,10' fontscale 1.6", 2 * width, 2 * height)
