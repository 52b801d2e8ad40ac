package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"

	"creditmsg/internal/fault"
)

// Bounds of what is unpacked. A photograph of 48 million dots takes 140 MB at worst.
const (
	mostMemory = 160 << 20
	mostScans  = 100 // passes of a JPEG; photographs have ten or so, and each costs time over all of it
)

// ErrHuge says that a picture is too large to be unpacked: its own few bytes may stand for
// gigabytes of dots.
var ErrHuge = fault.Say("it is too large to be made smaller here")

// Mend makes of a picture a baseline JPEG within the limits: as large as it may be, upright,
// over white where it was transparent, the first image of one that moves, and without what
// was written into it beside the picture. A picture is never made larger.
func Mend(data []byte, l Limits) ([]byte, Info, error) {
	info, err := Look(data)
	if err != nil {
		return nil, Info{}, err
	}
	if info.memory > mostMemory || info.scans > mostScans {
		return nil, Info{}, fault.Say("%s: %d × %d dots in %d bytes", ErrHuge, info.Width, info.Height, info.Bytes)
	}
	img, err := unpack(info.Format, data)
	if err != nil {
		return nil, Info{}, err
	}
	across, down := l.Width, l.Height
	if sideways(info.Turn) {
		across, down = down, across
	}
	b := img.Bounds()
	if b.Empty() {
		return nil, Info{}, fault.Say("the %s is damaged: it has no dots", info.Format)
	}
	width, height := fit(b.Dx(), b.Dy(), across, down)
	small := turn(shrink(img, width, height), info.Turn)
	return pack(small, l)
}

// unpack reads the dots of a picture.
func unpack(f Format, data []byte) (img image.Image, err error) {
	switch f {
	case JPEG:
		img, err = jpeg.Decode(bytes.NewReader(data))
	case PNG:
		img, err = png.Decode(bytes.NewReader(data))
	case GIF:
		img, err = gif.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return nil, fault.Say("the %s is damaged: not all of it can be shown", f)
	}
	return img, nil
}

// fit gives the largest size of the same shape that is within a width and a height.
func fit(width, height, across, down int) (int, int) {
	if width > across {
		width, height = across, max(1, (height*across+width/2)/width)
	}
	if height > down {
		width, height = max(1, (width*down+height/2)/height), down
	}
	return width, height
}

// qualities are tried one after the other; below the last one a smaller picture looks better.
var qualities = []int{90, 80, 70, 60, 50}

// jfif is the part that says how JPEG files are meant; not every reader does without.
var jfif = []byte("\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")

// pack writes a picture with the best quality that is within the limits, and makes it
// smaller where none is.
func pack(img *image.RGBA, l Limits) ([]byte, Info, error) {
	for {
		for _, q := range qualities {
			var buf bytes.Buffer
			if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: q}); err != nil {
				return nil, Info{}, fmt.Errorf("write a JPEG: %w", err)
			}
			plain := buf.Bytes()
			out := append(append(append(make([]byte, 0, len(plain)+len(jfif)), plain[:2]...), jfif...), plain[2:]...)
			if len(out) > l.Bytes {
				continue
			}
			info, err := Look(out)
			return out, info, err
		}
		b := img.Bounds()
		if b.Dx() <= 8 && b.Dy() <= 8 {
			return nil, Info{}, fault.Say("no JPEG has as few as %d bytes", l.Bytes)
		}
		img = shrink(img, max(1, b.Dx()*4/5), max(1, b.Dy()*4/5))
	}
}
