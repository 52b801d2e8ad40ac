package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"creditmsg/client"
	"creditmsg/internal/fault"
)

// print writes the one JSON object of the run on one line.
func (s *streams) print(object any) error {
	data, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	if _, err := fmt.Fprintf(s.out, "%s\n", data); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// reply is a JSON object of the server, whose members that this program does not know
// are handed on as they are.
type reply map[string]any

// readReply keeps numbers as they are written.
func readReply(raw json.RawMessage) reply {
	r := reply{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&r) != nil {
		return reply{}
	}
	return r
}

// withLines is the reply to the POST, with the line of each rejection and duplicate.
func (j *sending) withLines(m client.Message) reply {
	r := readReply(m.Raw)
	j.addLine(r["rejections"], "index", "line")
	j.addLine(r["duplicates"], "index", "line")
	j.addLine(r["duplicates"], "first_index", "first_line")
	return r
}

// addLine adds to each object of a list the line of the recipient that it points to.
func (j *sending) addLine(list any, index, line string) {
	objects, _ := list.([]any)
	for _, o := range objects {
		object, _ := o.(map[string]any)
		number, _ := object[index].(json.Number)
		i, err := number.Int64()
		if n := j.people.line(i); err == nil && n > 0 {
			object[line] = n
		}
	}
}

// final is the message as it ended, with what only the reply to the POST knows.
func (j *sending) final(accepted, last client.Message) reply {
	posted, r := j.withLines(accepted), readReply(last.Raw)
	for _, member := range []string{"recipients", "rejections", "rejected_by_code", "rejections_truncated", "duplicates", "planned", "fallback"} {
		if value, has := posted[member]; has {
			r[member] = value
		}
	}
	return r
}

// failed reports an error of a run whose list is l, or nil. With --json the object on
// standard output is the problem; the sentence on standard error is the same as without.
func (v *sendVerb) failed(s *streams, l *list, err error) error {
	err = l.locate(err)
	if !v.JSON {
		return err
	}
	object := map[string]any{"type": "about:blank", "title": "failed", "detail": err.Error()}
	if p, ok := errors.AsType[*client.Problem](err); ok {
		object = readReply(p.Raw)
		object["status"], object["title"], object["detail"] = p.Status, p.Title, p.Detail
		object["errors"] = p.Errors
	} else if f, ok := errors.AsType[*fault.Error](err); ok {
		object["code"], object["detail"] = f.Code, f.Public
		var places []client.FieldError
		for _, p := range f.Fields {
			places = append(places, client.FieldError{Pointer: p.Pointer, Detail: p.Detail, Code: p.Code})
		}
		object["errors"] = places
	}
	return errors.Join(err, s.print(object))
}

// locate turns places in the request (/recipients/3/to, /lines/17 of a stream) into
// places in the file, which is what its author can look at.
func (l *list) locate(err error) error {
	if l == nil || l.name == "" {
		return err
	}
	if p, ok := errors.AsType[*client.Problem](err); ok {
		for i, e := range p.Errors {
			if line := l.line(recipientAt(e.Pointer)); line > 0 {
				p.Errors[i].Pointer = fmt.Sprintf("%s:%d", l.name, line)
			}
		}
		return err
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		for i, p := range f.Fields {
			if line, is := strings.CutPrefix(p.Pointer, "/lines/"); is {
				f.Fields[i].Pointer = l.name + ":" + line
			}
		}
		return fmt.Errorf("%s: %w", l.name, err)
	}
	return err
}

// recipientAt is the index of the recipient that a pointer of the API names, or -1.
func recipientAt(pointer string) int64 {
	parts := strings.Split(pointer, "/")
	if len(parts) < 3 {
		return -1
	}
	n, err := strconv.ParseInt(parts[2], 10, 64)
	switch {
	case err != nil:
		return -1
	case parts[1] == "recipients":
		return n
	case parts[1] == "lines":
		return n - 2 // the first line is the message, and lines count from 1
	default:
		return -1
	}
}
