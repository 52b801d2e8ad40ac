package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/message"
)

// personView is a row of the list of recipients: an accepted one, or, when
// rejections are asked for, one that was refused.
type personView struct {
	recipient *recipientView
	rejection *message.Rejection
}

// MarshalJSON writes the one that there is.
func (p personView) MarshalJSON() ([]byte, error) {
	if p.rejection != nil {
		return json.Marshal(p.rejection)
	}
	return json.Marshal(p.recipient)
}

// Schema describes both.
func (personView) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[recipientView](), true, "Recipient"),
		r.Schema(reflect.TypeFor[message.Rejection](), true, "Rejection"),
	}}
}
