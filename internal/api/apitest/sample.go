package apitest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// Pictures that an MMS takes.
var smallJPEG, smallPNG = pictures()

func pictures() (jpg, lossless []byte) {
	m := image.NewGray(image.Rect(0, 0, 64, 64))
	for x := range 64 {
		m.SetGray(x, x, color.Gray{Y: byte(4 * x)})
	}
	var a, b bytes.Buffer
	_, _ = jpeg.Encode(&a, m, nil), png.Encode(&b, m) // a buffer takes everything
	return a.Bytes(), b.Bytes()
}
