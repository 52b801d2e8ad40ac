package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"runtime"
	"testing"
)

// drawn is a PNG of one colour, written by hand: Go writes neither what names one colour of a
// grey or coloured one transparent, nor an interlaced one. Its lines are as long as rows says.
func drawn(t testing.TB, w, h int, depth, kind, interlace byte, more map[string][]byte) []byte {
	t.Helper()
	var dots, out bytes.Buffer
	z := zlib.NewWriter(&dots)
	for _, line := range rows(w, h, int(depth)*map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind], interlace != 0) {
		if _, err := z.Write(make([]byte, line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	out.WriteString("\x89PNG\r\n\x1a\n")
	chunk(&out, "IHDR", append(head, depth, kind, 0, 0, interlace))
	for _, name := range []string{"PLTE", "tRNS"} {
		if data, is := more[name]; is {
			chunk(&out, name, data)
		}
	}
	chunk(&out, "IDAT", dots.Bytes())
	chunk(&out, "IEND", nil)
	return out.Bytes()
}

func chunk(to *bytes.Buffer, kind string, data []byte) {
	body := append([]byte(kind), data...)
	to.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
	to.Write(body)
	to.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
}

// rows are the bytes of each line of a PNG of so many bits a dot, with the one that says how it
// is filtered; of an interlaced one, of the lines of its seven passes.
func rows(w, h, bits int, interlaced bool) (all []int) {
	passes := [][4]int{{0, 0, 1, 1}} // first dot across and down, and steps
	if interlaced {
		passes = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	for _, p := range passes {
		if across := (w - p[0] + p[2] - 1) / p[2]; across > 0 {
			for range (h - p[1] + p[3] - 1) / p[3] {
				all = append(all, 1+(across*bits+7)/8)
			}
		}
	}
	return all
}

// coded is a JPEG of one colour whose frame names its colours so, the first of them twice as fine
// across and down when halved; with one part of Adobe's that says how they are meant.
func coded(frame byte, w, h int, colours string, halved bool, adobe int) []byte {
	out := []byte{0xff, markSOI}
	part := func(mark byte, data ...byte) {
		out = append(binary.BigEndian.AppendUint16(append(out, 0xff, mark), uint16(len(data)+2)), data...)
	}
	if adobe >= 0 {
		part(markAPP14, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), byte(adobe))...)
	}
	part(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	size := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{8}, uint16(h)), uint16(w))
	parts, scan := append(size, byte(len(colours))), []byte{byte(len(colours))}
	for i, id := range []byte(colours) {
		fine := byte(0x11)
		if halved && (i == 0 || i == 3) {
			fine = 0x22
		}
		parts, scan = append(parts, id, fine, 0), append(scan, id, 0)
	}
	part(frame, parts...)
	last := byte(63)
	if frame == markSOF2 {
		last = 0
	}
	for _, table := range []byte{0x00, 0x10} { // one code, of one bit, for zero
		part(markDHT, append([]byte{table, 1}, make([]byte, 16)...)...)
	}
	part(markSOS, append(scan, 0, last, 0)...)
	blocks := (w/8 + 4) * (h/8 + 4) * len(colours)
	return append(append(out, make([]byte, blocks/4+1)...), 0xff, markEOI)
}

// interlacedGIF says of a GIF that its lines come in passes.
func interlacedGIF(data []byte) []byte {
	at := 13 + 3*(2<<(data[10]&7)) // behind the colours that its header says it has
	if data[10]&0x80 == 0 {
		at = 13
	}
	for data[at] == '!' { // what else is said of it
		at += 2
		for data[at] != 0 {
			at += 1 + int(data[at])
		}
		at++
	}
	data[at+9] |= 0x40
	return data
}

// spent is the bytes that something allocates.
func spent(fn func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestNoPictureTakesMoreThanIsCountedOfIt unpacks one of each kind, and makes it smaller; what a
// few hundred dots need of buffers is not counted.
func TestNoPictureTakesMoreThanIsCountedOfIt(t *testing.T) {
	const w, h, small = 1500, 1100, 512 << 10
	grey, colours := []byte{0, 0}, []byte{0, 0, 0, 0, 0, 0}
	kinds := map[string][]byte{
		"a GIF":                  asGIF(t, corners(w, h)),
		"an interlaced GIF":      interlacedGIF(asGIF(t, corners(w, h))),
		"a JPEG":                 asJPEG(t, corners(w, h), 80),
		"a grey JPEG":            asJPEG(t, image.NewGray(image.Rect(0, 0, w, h)), 80),
		"a fine JPEG":            coded(markSOF0, w, h, "\x01\x02\x03", false, -1),
		"a fine JPEG of Adobe's": coded(markSOF0, w, h, "\x01\x02\x03", false, 1),
		"a JPEG in RGB":          coded(markSOF0, w, h, "\x01\x02\x03", false, 0),
		"a JPEG named RGB":       coded(markSOF1, w, h, "RGB", false, -1),
		"a halved one in RGB":    coded(markSOF0, w, h, "\x01\x02\x03", true, 0),
		"a JPEG in CMYK":         coded(markSOF0, w, h, "\x01\x02\x03\x04", false, 0),
		"a JPEG in YCCK":         coded(markSOF0, w, h, "\x01\x02\x03\x04", true, 2),
		"a narrow JPEG":          coded(markSOF0, 1, 65_535, "\x01\x02\x03", true, 0),
		"a progressive JPEG":     coded(markSOF2, w, h, "\x01\x02\x03", false, -1),
		"a progressive one, RGB": coded(markSOF2, w, h, "RGB", false, -1),
		"a progressive one, ink": coded(markSOF2, w, h, "\x01\x02\x03\x04", false, 0),
	}
	for name, more := range map[string]byte{"a PNG": 0, "an interlaced PNG": 1} {
		kinds[name+" of two greys"] = drawn(t, w, h, 1, 0, more, nil)
		kinds[name+" of two greys, one of them transparent"] = drawn(t, w, h, 1, 0, more, map[string][]byte{"tRNS": grey})
		kinds[name+" in grey"] = drawn(t, w, h, 8, 0, more, nil)
		kinds[name+" in grey, one of them transparent"] = drawn(t, w, h, 8, 0, more, map[string][]byte{"tRNS": grey})
		kinds[name+" in fine grey"] = drawn(t, w, h, 16, 0, more, nil)
		kinds[name+" in fine grey, one of them transparent"] = drawn(t, w, h, 16, 0, more, map[string][]byte{"tRNS": grey})
		kinds[name+" in grey, more or less transparent"] = drawn(t, w, h, 8, 4, more, nil)
		kinds[name+" in fine grey, more or less transparent"] = drawn(t, w, h, 16, 4, more, nil)
		kinds[name+" of colours"] = drawn(t, w, h, 8, 2, more, nil)
		kinds[name+" of colours, one of them transparent"] = drawn(t, w, h, 8, 2, more, map[string][]byte{"tRNS": colours})
		kinds[name+" of fine colours"] = drawn(t, w, h, 16, 2, more, nil)
		kinds[name+" of fine colours, one of them transparent"] = drawn(t, w, h, 16, 2, more, map[string][]byte{"tRNS": colours})
		kinds[name+" of colours, more or less transparent"] = drawn(t, w, h, 8, 6, more, nil)
		kinds[name+" of fine colours, more or less transparent"] = drawn(t, w, h, 16, 6, more, nil)
		kinds[name+" of a palette"] = drawn(t, w, h, 8, 3, more, map[string][]byte{"PLTE": colours, "tRNS": grey})
		kinds[name+" of one line"] = drawn(t, w*h, 1, 16, 6, more, nil)
		kinds[name+" of one line and a palette"] = drawn(t, w*h, 1, 8, 3, more, map[string][]byte{"PLTE": colours})
	}
	for name, data := range kinds {
		info, err := Look(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		took := spent(func() {
			img, err := unpack(info.Format, data)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			shrink(img, 8, 1)
		})
		if took > info.memory+small {
			t.Errorf("%s: %d KiB are taken, and %d counted", name, took>>10, info.memory>>10)
		}
		if took < info.memory/8 {
			t.Errorf("%s: %d KiB are taken, and %d counted: it would be refused for nothing", name, took>>10, info.memory>>10)
		}
	}
}

// TestAHeaderIsWhereItHasToBe puts something before it, which Go passes over.
func TestAHeaderIsWhereItHasToBe(t *testing.T) {
	whole := drawn(t, 8, 8, 8, 0, 1, nil)
	var out bytes.Buffer
	out.Write(whole[:8])
	chunk(&out, "tEXt", []byte("first of all"))
	out.Write(whole[8:])
	if _, err := Look(out.Bytes()); err == nil {
		t.Error("got no error")
	}
}
