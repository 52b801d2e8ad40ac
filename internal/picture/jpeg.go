package picture

import (
	"bytes"
	"encoding/binary"

	"creditmsg/internal/fault"
)

// The markers that parts of a JPEG begin with, behind 0xff (ITU-T T.81, table B.1).
const (
	markTEM   = 0x01
	markSOF0  = 0xc0 // a frame: baseline
	markSOF1  = 0xc1 // extended, in sequence
	markSOF2  = 0xc2 // progressive
	markDHT   = 0xc4
	markJPG   = 0xc8
	markDAC   = 0xcc
	markRST0  = 0xd0
	markRST7  = 0xd7
	markSOI   = 0xd8
	markEOI   = 0xd9
	markSOS   = 0xda // a scan: one pass over the picture
	markAPP1  = 0xe1 // what cameras and programs write about the picture: EXIF, XMP
	markIPTC  = 0xed // and IPTC
	markAPP14 = 0xee // what Adobe's programs write about its colours
	markCOM   = 0xfe // and anybody
)

// walk goes once over the parts of a JPEG.
type walk struct {
	data   []byte
	at     int
	info   Info
	framed bool
	coeffs bool // it is progressive
	apart  bool // its three colours are red, green and blue themselves
}

// lookJPEG reads all parts of a JPEG but the coded pixels, which it passes over.
func lookJPEG(data []byte) (Info, error) {
	w := &walk{data: data, at: 2, info: Info{Format: JPEG, Bytes: len(data), Turn: 1}}
	for {
		mark, err := w.mark()
		if err != nil {
			return Info{}, err
		}
		switch {
		case mark == markEOI && (!w.framed || w.info.scans == 0):
			return Info{}, fault.Say("the JPEG is damaged: it ends before its picture begins")
		case mark == markEOI:
			w.trail()
			w.info.memory = w.memory()
			return w.info, nil
		case mark == markTEM, mark >= markRST0 && mark <= markRST7:
			continue // they stand alone
		case mark == markSOI:
			return Info{}, fault.Say("the JPEG is damaged: it begins twice")
		}
		part, err := w.part()
		if err == nil {
			err = w.take(mark, part)
		}
		if err != nil {
			return Info{}, err
		}
	}
}

var errEnds = fault.Say("the JPEG is damaged: it ends in its middle")

// mark reads the next marker.
func (w *walk) mark() (byte, error) {
	if w.at >= len(w.data) {
		return 0, errEnds
	}
	if w.data[w.at] != 0xff {
		return 0, fault.Say("the JPEG is damaged at byte %d", w.at)
	}
	for w.at < len(w.data) && w.data[w.at] == 0xff { // any number of these may come before a marker
		w.at++
	}
	if w.at == len(w.data) {
		return 0, errEnds
	}
	w.at++
	return w.data[w.at-1], nil
}

// part reads what belongs to a marker.
func (w *walk) part() ([]byte, error) {
	if w.at+2 > len(w.data) {
		return nil, errEnds
	}
	size := int(binary.BigEndian.Uint16(w.data[w.at:]))
	if size < 2 || w.at+size > len(w.data) {
		return nil, errEnds
	}
	part := w.data[w.at+2 : w.at+size]
	w.at += size
	return part, nil
}

// take notes what one part says.
func (w *walk) take(mark byte, part []byte) error {
	switch {
	case mark >= markSOF0 && mark <= 0xcf && mark != markDHT && mark != markJPG && mark != markDAC:
		return w.frame(mark, part)
	case mark == markIPTC, mark == markCOM:
		w.info.Notes = true
	case mark == markAPP1:
		w.info.Notes = true
		if turn := exifTurn(part); turn != 0 {
			w.info.Turn = turn
		}
	case mark == markAPP14:
		w.apart = w.apart || len(part) >= 12 && bytes.HasPrefix(part, []byte("Adobe")) && part[11] == 0
	case mark == markSOS:
		w.info.scans++
		w.pass()
	}
	return nil
}

// frame reads the size of the picture and what its dots are made of.
func (w *walk) frame(mark byte, part []byte) error {
	switch {
	case w.framed:
		return fault.Say("the JPEG holds more than one picture")
	case mark > markSOF2:
		return fault.Say("the JPEG is of a rare form (lossless or arithmetic), which is not read here")
	case len(part) < 6 || len(part) < 6+3*int(part[5]):
		return errEnds
	case part[0] != 8:
		return fault.Say("the JPEG has %d bits a colour, which is not read here", part[0])
	}
	w.framed = true
	w.info.Baseline = mark == markSOF0
	w.info.Height, w.info.Width = int(binary.BigEndian.Uint16(part[1:])), int(binary.BigEndian.Uint16(part[3:]))
	w.info.Colours = int(part[5])
	if w.info.Width < 1 || w.info.Height < 1 || w.info.Colours != 1 && w.info.Colours != 3 && w.info.Colours != 4 {
		return fault.Say("the JPEG is damaged: its size or colours make no sense")
	}
	w.coeffs = mark == markSOF2
	if w.info.Colours == 3 && part[6] == 'R' && part[9] == 'G' && part[12] == 'B' {
		w.apart = true
	}
	return nil
}

// memory is the bytes that it takes to unpack the picture, at most. It is unpacked in blocks of
// at most 32 dots across and down.
func (w *walk) memory() int64 {
	whole := func(n int) int64 { return int64(n+31) / 32 * 32 }
	depth := int64(w.info.Colours)
	if w.coeffs {
		depth *= 5 // its coefficients are kept beside its dots, four bytes each
	}
	if w.info.Colours == 4 || w.info.Colours == 3 && w.apart {
		depth += 4 // and then its colours are put together anew
	}
	return whole(w.info.Width) * whole(w.info.Height) * depth
}

// pass steps over the coded pixels of a scan to the next marker.
func (w *walk) pass() {
	for ; w.at+1 < len(w.data); w.at++ {
		if w.data[w.at] != 0xff {
			continue
		}
		if next := w.data[w.at+1]; next != 0 && next != 0xff && (next < markRST0 || next > markRST7) {
			return
		}
	}
	w.at = len(w.data)
}

// trail counts what stands behind the end.
func (w *walk) trail() {
	for _, b := range w.data[w.at:] {
		if b != 0 {
			w.info.Trailing++
		}
	}
}
