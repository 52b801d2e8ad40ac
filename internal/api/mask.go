package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"creditmsg/internal/korea"
)

// People who may read a thing, but not who it is about (personal:read), get it with numbers and
// names masked: what became of a message is their business, and to whom it went is not. Members
// that show people say so where they are declared, by the tag `people`:
//
//	number  a number, of which the first three and last four digits stay
//	name    of which the first letter stays
//	text    a text, its values, or metadata, which is left out
//	words   somebody else's words, in which whatever may be a number is masked
//
// Programs see everything: their tokens are made by who may.
//
// It hides numbers from view, and is no protection against somebody who asks for numbers one after
// another: he may search by a whole number, as who answers a call has to. So roles without
// personal:read are for people who are trusted.
const maskTag = "people"

// veiled hides people in itself: of which no member could be tagged.
type veiled interface{ veil() }

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
		if v.SetZero(); v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes([]byte(`{}`))
		}
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

// answered is a reply as its caller gets it: in his language, and as he may see it.
func (x *exchange) answered(out *reply) (*reply, error) {
	out, err := x.worded(out)
	if err != nil {
		return nil, err
	}
	return x.given(out)
}

// given is a reply as the caller may see it now. What is kept under a key is kept whole: another one
// may have asked first, or the caller may have been allowed less or more since.
func (x *exchange) given(out *reply) (*reply, error) {
	if out.masked || !x.shape.people || x.call.Personal() || len(out.Body) == 0 {
		return out, nil
	}
	body, err := veiledJSON(x.shape.of, out.Body)
	if err != nil {
		return nil, fmt.Errorf("mask a reply of %s: %w", x.doing, err)
	}
	given := *out
	given.masked, given.Body = true, append(body, '\n')
	return &given, nil
}

// veiledJSON hides people in a view that was written already: by the type that it was written from,
// since many of these cannot be read again.
func veiledJSON(t reflect.Type, text json.RawMessage) (json.RawMessage, error) {
	if !hasMember(t, maskTag) || string(text) == "null" {
		return text, nil
	}
	if one, ok := reflect.New(t).Interface().(veiled); ok {
		if err := json.Unmarshal(text, one); err != nil {
			return nil, err
		}
		one.veil()
		return marshalJSON(one)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return veiledJSON(t.Elem(), text)
	case reflect.Slice:
		var list []json.RawMessage
		err := json.Unmarshal(text, &list)
		for i := 0; err == nil && i < len(list); i++ {
			list[i], err = veiledJSON(t.Elem(), list[i])
		}
		if err != nil {
			return nil, err
		}
		return marshalJSON(list)
	}
	var members map[string]json.RawMessage
	err := json.Unmarshal(text, &members)
	if err == nil {
		err = veilMembers(t, members)
	}
	if err != nil {
		return nil, err
	}
	return marshalJSON(members)
}

func veilMembers(t reflect.Type, members map[string]json.RawMessage) (err error) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		text, there := members[name]
		switch what := f.Tag.Get(maskTag); {
		case f.Anonymous && f.Tag.Get("json") == "":
			err = veilMembers(f.Type, members)
		case !there:
		case what != "":
			members[name], err = hiddenJSON(f.Type, text, what)
		default:
			members[name], err = veiledJSON(f.Type, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func hiddenJSON(t reflect.Type, text json.RawMessage, what string) (json.RawMessage, error) {
	v := reflect.New(t)
	if err := json.Unmarshal(text, v.Interface()); err != nil {
		return nil, err
	}
	hide(v.Elem(), what)
	return marshalJSON(v.Interface())
}

// veil leaves out the metadata of a message in what happened to it.
func (e *eventJSON) veil() {
	*e = eventJSON(withMember(json.RawMessage(*e), "metadata", func(json.RawMessage) json.RawMessage { return json.RawMessage(`{}`) }))
}

// veil leaves out what it does of the event.
func (s *sentJSON) veil() {
	*s = sentJSON(withMember(json.RawMessage(*s), "data", func(data json.RawMessage) json.RawMessage {
		e := eventJSON(data)
		e.veil()
		return json.RawMessage(e)
	}))
}

// withMember changes a member of an object that was written already. What is none is left out.
func withMember(text json.RawMessage, name string, change func(json.RawMessage) json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return json.RawMessage(`{}`)
	}
	if members[name] == nil {
		return text
	}
	members[name] = change(members[name])
	out, err := json.Marshal(members)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return out
}

// veil leaves out whom a message of a series goes to, and what the site noted of it.
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
	if members["metadata"] != nil {
		delete(members, "metadata")
		members["has_metadata"] = json.RawMessage("true") // which no message takes: it cannot be put back without
	}
	text, err := json.Marshal(members)
	if err != nil {
		text = []byte(`{}`)
	}
	*o = storedOrder(text)
}
