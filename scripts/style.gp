# The look shared by all pictures: colours, type, the two terminals, and small functions for scales. Loaded by the other
# scripts; draws nothing. Pictures are laid out in pixels of the SVG file; the PNG file has twice as many each way.

set encoding utf8
set minussign
set datafile separator whitespace
set key off
set border 3 linewidth 1 linecolor rgb '#404040'
set tics nomirror out scale 0.5 textcolor rgb '#202020'
set format x '%h' # without room for a sign, which would move numbers off their tics

# Okabe and Ito's colours, which colour-blind readers tell apart, without yellow and black.
array palette_of_eight = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#7F5539', '#6C6C6C']
colour(k) = palette_of_eight[(int(k) - 1) % 8 + 1]
grey = '#707070'
# A palette of 32 shades of each, from white; a shade is 32 * (colour - 1) + 0 to 31.
shades = ''
do for [k = 1:8] { shades = shades . sprintf(", %d '#FFFFFF', %d '%s'", 32 * k - 32, 32 * k - 1, colour(k)) }
shade_palette = 'set palette maxcolors 256 defined (' . shades[3:] . '); set cbrange [0:255]; unset colorbox'

font = 'sans-serif,12'
# Pixels that a text takes in this font, rather too many than too few.
character(c) = strstrt('MW@%', c) ? 14.5 : strstrt('mw', c) ? 13.5 : strstrt("iIjl.,:;|!'", c) ? 5.5 \
               : strstrt('ABCDEFGHKNOPQRSTUVXYZ', c) ? 11.0 : strstrt(' ()-ftrJ/', c) ? 7.0 \
               : strstrt('abcdeghknopqsuvxyz0123456789_', c) ? 9.3 : 14.5
pixels(text) = strlen(text) == 0 ? 0.0 : (sum [i = 1:strlen(text)] character(text[i:i]))

# `eval open_svg` and `eval open_png`: OUTPUT.svg and OUTPUT.png, width by height pixels.
# (A point is a pixel in the one and larger in the other: the scale makes their type alike.)
open_svg = "set terminal svg size width,height dynamic enhanced background 'white' font font fontscale 1.2; " \
         . "set output output . '.svg'"
open_png = "set terminal pngcairo size 2*width,2*height enhanced font font fontscale 2 linewidth 2 pointscale 2; " \
         . "set output output . '.png'"
array open_picture = [open_svg, open_png]

least(a, b) = a < b ? a : b
most(a, b) = a > b ? a : b
clamp(x, low, high) = x < low ? low : x > high ? high : x

# The smallest of 1, 2, 5, 10, 20, 50, ... (also 0.5, 0.2, ...) that is not below x > 0; round-off in x is forgiven.
decade(x) = 10.0 ** floor(log10(x) + 1e-9)
round_up(x) = x <= 1.000001 * decade(x) ? decade(x) : x <= 2.000001 * decade(x) ? 2 * decade(x) \
            : x <= 5.000001 * decade(x) ? 5 * decade(x) : 10 * decade(x)

# The largest of the same that is not above x > 0.
round_down(x) = round_up(x) <= 1.000001 * x ? round_up(x) : x >= 5 * decade(x) ? 5 * decade(x) \
              : x >= 2 * decade(x) ? 2 * decade(x) : decade(x)

# The format of ticks from one number to another that tells them apart.
format_of(from, to) = sprintf('%%.%dg', clamp(ceil(log10(most(abs(from), abs(to)) / (to - from))) + 2, 6, 15))

# A text cut to a number of pixels.
shorten(text, room) = pixels(text) <= room ? text : cut(text, room - 14.5) . '…'
cut(text, room) = pixels(text) <= room ? text : cut(text[1:strlen(text) - 1], room)
