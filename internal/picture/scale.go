package picture

import (
	"image"
	"image/draw"
)

// shrink gives an image in so many dots, at most as many as it has, over white: each dot is
// the average of what it stands for. A dot of the source counts as many units across as the
// result has dots, and the other way round, so that all shares are whole numbers and nothing
// is rounded before the end.
func shrink(src image.Image, width, height int) *image.RGBA {
	b := src.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	line := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	row, sum := make([]uint64, 3*width), make([]uint64, 3*width)
	area := uint64(b.Dx()) * uint64(b.Dy())
	missing, to := b.Dy(), 0 // so much of the result's line is missing
	for y := range b.Dy() {
		draw.Draw(line, line.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(line, line.Rect, src, image.Pt(b.Min.X, b.Min.Y+y), draw.Over)
		squeeze(line.Pix, row, b.Dx())
		for rest := height; rest > 0; {
			share := min(rest, missing)
			for i, v := range row {
				sum[i] += v * uint64(share)
			}
			rest, missing = rest-share, missing-share
			if missing == 0 {
				put(out.Pix[to*out.Stride:], sum, area)
				missing, to = b.Dy(), to+1
			}
		}
	}
	return out
}

// squeeze adds up one line of dots, four bytes each, in the fewer dots of row.
func squeeze(pix []byte, row []uint64, width int) {
	clear(row)
	missing, to := width, 0
	for x := range width {
		dot := pix[4*x : 4*x+3]
		for rest := len(row) / 3; rest > 0; {
			share := min(rest, missing)
			for i, v := range dot {
				row[to+i] += uint64(v) * uint64(share)
			}
			rest, missing = rest-share, missing-share
			if missing == 0 {
				missing, to = width, to+3
			}
		}
	}
}

// put writes one line of the result, and empties the sums for the next.
func put(pix []byte, sum []uint64, area uint64) {
	for i := 0; i < len(sum); i += 3 {
		at := i / 3 * 4
		for k := range 3 {
			pix[at+k] = byte((sum[i+k] + area/2) / area)
		}
		pix[at+3] = 0xff
	}
	clear(sum)
}
