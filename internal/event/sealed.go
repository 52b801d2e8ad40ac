package event

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Data may hold one member that only who has the site's key can read: the metadata that a site
// gave a message, which is as private as its texts.

const (
	sealedMember = "sealed_metadata"
	openMember   = "metadata"
)

func sealedFor(ref string) string { return "event metadata " + ref }

// Conceal gives metadata as the member sealed_metadata of the data of an event about ref; none
// is nil.
func Conceal(seal func(context string, plain []byte) []byte, ref string, metadata []byte) []byte {
	if len(metadata) == 0 {
		return nil
	}
	return seal(sealedFor(ref), metadata)
}

// Reveal gives data with its metadata as whoever it belongs to may read it.
func Reveal(open func(context string, sealed []byte) ([]byte, error), ref string, data []byte) ([]byte, error) {
	if !bytes.Contains(data, []byte(`"`+sealedMember+`"`)) {
		return data, nil
	}
	var members map[string]json.RawMessage
	var sealed []byte
	err := json.Unmarshal(data, &members)
	if err == nil {
		err = json.Unmarshal(members[sealedMember], &sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("read event about %s: %w", ref, err)
	}
	plain, err := open(sealedFor(ref), sealed)
	if err != nil {
		return nil, fmt.Errorf("open metadata of event about %s: %w", ref, err)
	}
	delete(members, sealedMember)
	members[openMember] = plain
	text, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("write event about %s: %w", ref, err)
	}
	return text, nil
}
