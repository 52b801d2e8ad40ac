package picture

import "image"

// sideways reports whether a picture that has to be turned so changes its width and height.
func sideways(how int) bool { return how >= 5 }

// turn makes a picture stand upright; how is EXIF's number.
func turn(src *image.RGBA, how int) *image.RGBA {
	if how < 2 || how > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if sideways(how) {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			fromX, fromY := origin(how, x, y, w, h)
			copy(out.Pix[y*out.Stride+4*x:][:4], src.Pix[fromY*src.Stride+4*fromX:][:4])
		}
	}
	return out
}

// origin is where a dot of the upright picture stands in the stored one, which is w × h.
func origin(how, x, y, w, h int) (int, int) {
	switch how {
	case 2: // mirrored
		return w - 1 - x, y
	case 3: // upside down
		return w - 1 - x, h - 1 - y
	case 4: // upside down and mirrored
		return x, h - 1 - y
	case 5: // on its left side and mirrored
		return y, x
	case 6: // to be turned right
		return y, h - 1 - x
	case 7: // on its right side and mirrored
		return w - 1 - y, h - 1 - x
	default: // 8: to be turned left
		return w - 1 - y, x
	}
}
