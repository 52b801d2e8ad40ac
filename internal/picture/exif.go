package picture

import (
	"bytes"
	"encoding/binary"
)

const (
	tagTurn   = 0x0112 // Orientation (EXIF 2.32, table 4)
	typeShort = 3
	maxTags   = 1000 // of one directory; cameras write some twenty
)

// exifTurn finds in an APP1 part how the picture has to be turned; 0 when nothing is said.
func exifTurn(part []byte) int {
	tiff, is := bytes.CutPrefix(part, []byte("Exif\x00\x00"))
	if !is || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	from := order.Uint32(tiff[4:])
	if uint64(from)+2 > uint64(len(tiff)) {
		return 0
	}
	entries := tiff[from+2:]
	for range min(int(order.Uint16(tiff[from:])), maxTags) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == tagTurn {
			turn := int(order.Uint16(entries[8:]))
			if order.Uint16(entries[2:]) != typeShort || turn < 1 || turn > 8 {
				return 0
			}
			return turn
		}
		entries = entries[12:]
	}
	return 0
}
