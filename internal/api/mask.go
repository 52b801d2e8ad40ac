package api

import (
	"encoding/json"
	"fmt"
	"reflect"

	"creditmsg/internal/korea"
	"creditmsg/internal/message"
)

// People who may read a thing, but not who it is about (personal:read), get it with numbers and
// names masked: what became of a message is their business, and to whom it went is not. Members
// that show people say so where they are declared, by the tag `people`:
//
//	number  a number, of which the first three and last four digits stay
//	name    of which the first letter stays
//	text    a text or its values, which is left out
//	words   somebody else's words, in which whatever may be a number is masked
//
// Programs see everything: their tokens are made by who may.
const maskTag = "people"

// veiled hides people in itself: of which no member could be tagged.
type veiled interface{ veil() }

// rendered is the reply with v as its body, as the caller may see it.
func (x *exchange) rendered(status int, v any) (*reply, error) {
	return rendered(status, x.shown(v))
}

// shown gives a view as the caller may see it.
func (x *exchange) shown(v any) any {
	if v == nil || x.call.Personal() || !hasMember(reflect.TypeOf(v), maskTag) {
		return v
	}
	out := reflect.New(reflect.TypeOf(v))
	out.Elem().Set(reflect.ValueOf(v))
	veil(out.Elem())
	return out.Elem().Interface()
}

// veil hides people in a view. What it leads to is copied: others may hold that.
func veil(v reflect.Value) {
	if v.CanAddr() {
		if one, ok := v.Addr().Interface().(veiled); ok {
			one.veil()
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			v.Set(copied(v))
			veil(v.Elem())
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(list, v)
		for i := range list.Len() {
			veil(list.Index(i))
		}
		v.Set(list)
	case reflect.Struct:
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case f.Tag.Get(maskTag) != "":
				hide(v.Field(i), f.Tag.Get(maskTag))
			case f.IsExported():
				veil(v.Field(i))
			}
		}
	}
}

// hide hides one member, by what it shows of people.
func hide(v reflect.Value, what string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			v.Set(copied(v))
			hide(v.Elem(), what)
		}
	case reflect.String:
		v.SetString(masked(v.String(), what))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	default:
		v.SetZero()
	}
}

func copied(pointer reflect.Value) reflect.Value {
	out := reflect.New(pointer.Type().Elem())
	out.Elem().Set(pointer.Elem())
	return out
}

func masked(text, what string) string {
	switch {
	case text == "":
		return ""
	case what == "number":
		return korea.Mask(text)
	case what == "words":
		return korea.MaskIn(text)
	case what == "name":
		return korea.MaskName(text)
	}
	return ""
}

// veil hides who is in the list, or was refused.
func (p *personView) veil() {
	if p.recipient != nil {
		veil(reflect.ValueOf(&p.recipient).Elem())
	}
	if p.rejection != nil {
		veil(reflect.ValueOf(&p.rejection).Elem())
	}
}

// veiledReceipt is the receipt of a message as the caller may see it. What is kept under its key
// shows who was refused, and another one may have written it.
func (x *exchange) veiledReceipt(out *reply) (*reply, error) {
	if x.call.Personal() {
		return out, nil
	}
	var members map[string]json.RawMessage
	var people struct {
		Rejections []message.Rejection
		Duplicates []message.Duplicate
	}
	err := json.Unmarshal(out.Body, &members)
	if err == nil {
		err = json.Unmarshal(out.Body, &people)
	}
	if err != nil {
		return nil, fmt.Errorf("read a receipt: %w", err)
	}
	veil(reflect.ValueOf(&people).Elem())
	for name, list := range map[string]any{"rejections": present(people.Rejections), "duplicates": present(people.Duplicates)} {
		if members[name], err = marshalJSON(list); err != nil {
			return nil, err
		}
	}
	veiled := *out
	if veiled.Body, err = marshalJSON(members); err != nil {
		return nil, err
	}
	veiled.Body = append(veiled.Body, '\n')
	return &veiled, nil
}

// veil leaves out whom a message of a series goes to.
func (o *storedOrder) veil() {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(*o, &members); err != nil {
		*o = storedOrder(`{}`)
		return
	}
	var people []json.RawMessage
	_ = json.Unmarshal(members["recipients"], &people) // none are none
	delete(members, "recipients")
	if len(people) > 0 {
		members["recipient_count"], _ = json.Marshal(len(people)) // numbers always marshal
	}
	text, err := json.Marshal(members)
	if err != nil {
		text = []byte(`{}`)
	}
	*o = storedOrder(text)
}
