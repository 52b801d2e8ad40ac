package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/attachment"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// maxPicture is how many bytes an uploaded picture has at most, before it is made smaller.
const maxPicture = 10 << 20

// attachmentView is a picture that messages can show.
type attachmentView struct {
	ID          string   `json:"id" example:"att_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	Name        string   `json:"name" doc:"What its file was called when it was first uploaded; may be empty."`
	ContentType string   `json:"content_type" enum:"image/jpeg" doc:"Of its content as it is kept."`
	Bytes       int      `json:"bytes"`
	Width       int      `json:"width" doc:"In dots."`
	Height      int      `json:"height"`
	InUse       bool     `json:"in_use" doc:"A message that is not done needs it, or a series."`
	CreatedAt   instant  `json:"created_at"`
	ExpiresAt   *instant `json:"expires_at" doc:"When it is deleted unless it is needed or uploaded again before; null while it is in use."`
}

func showAttachment(a attachment.Attachment) (attachmentView, error) {
	v := attachmentView{ID: a.ID.Text(id.Attachment), Name: a.Title, ContentType: attachment.MediaType,
		Bytes: a.Size, Width: a.Width, Height: a.Height, InUse: a.Needed, CreatedAt: instant(a.CreatedAt)}
	if end := a.ExpiresAt(); !end.IsZero() {
		at := instant(end)
		v.ExpiresAt = &at
	}
	return v, nil
}

type attachmentNamed struct {
	ID string `path:"id" doc:"att_…"`
}

func attachmentName(site, text string) (attachment.Name, error) {
	d, err := named(id.Attachment, "attachment", text)
	if err != nil {
		return attachment.Name{}, err
	}
	return attachment.Name{Site: site, ID: d}, nil
}

// attachments declares the routes about the pictures of MMS.
func attachments(a *api) {
	add := operation{
		id: "addAttachment", method: http.MethodPost, path: "/v1/attachments", tag: "Attachments", ability: "messages:write", status: http.StatusCreated,
		summary: "Upload a picture for MMS",
		about: "Name its `id` in `text.attachments` of a message. The body is the picture itself, or a form with it as `file`. What it is, its content says: neither its name nor its media type is believed. " +
			"An MMS takes a baseline JPEG of at most 200,000 bytes and 1000 × 1000 dots; with `resize=true` a larger one, a PNG or a GIF is made such a JPEG, " +
			"and what a camera noted in it, such as the place, is removed. The same picture again is the same attachment. " +
			"One that no message or series needs is deleted after 7 days.",
		codes: []string{fault.CodeStateConflict},
		params: []*huma.Param{
			{Name: "resize", In: "query", Description: "true makes a picture fit that is not.", Schema: &huma.Schema{Type: huma.TypeBoolean}},
			{Name: "name", In: "query", Description: "What the file is called, where the body is the picture itself.", Schema: &huma.Schema{Type: huma.TypeString}},
		},
		body: describePicture(),
	}
	plain(a, add, reflect.TypeFor[attachmentView](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		return a.addAttachment(w, r, x, add)
	}))
	read(a, operation{
		id: "listAttachments", method: http.MethodGet, path: "/v1/attachments", tag: "Attachments", ability: "messages:read", status: http.StatusOK,
		summary: "List the attachments, newest first",
	}, a.listAttachments)
	read(a, operation{
		id: "getAttachment", method: http.MethodGet, path: "/v1/attachments/{id}", tag: "Attachments", ability: "messages:read", status: http.StatusOK,
		summary: "Get an attachment",
	}, func(tx *db.Tx, x *exchange, in *attachmentNamed) (attachmentView, error) {
		n, err := attachmentName(x.site, in.ID)
		if err != nil {
			return attachmentView{}, err
		}
		found, err := a.Attachments.Find(tx, n)
		if err != nil {
			return attachmentView{}, err
		}
		return showAttachment(found)
	})
	content := operation{
		id: "getAttachmentContent", method: http.MethodGet, path: "/v1/attachments/{id}/content", tag: "Attachments", ability: "messages:read", status: http.StatusOK,
		summary: "Get the picture itself, as phones get it",
		params:  []*huma.Param{{Name: "id", In: "path", Required: true, Description: "att_…", Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	plain(a, content, nil, a.attachmentContent)
	a.huma.OpenAPI().Paths[content.path].Get.Responses["200"].Content = map[string]*huma.MediaType{attachment.MediaType: {Schema: fileSchema("")}}
	remove := operation{
		id: "removeAttachment", method: http.MethodDelete, path: "/v1/attachments/{id}", tag: "Attachments", ability: "messages:write", status: http.StatusNoContent,
		summary: "Delete an attachment that no message or series needs", codes: []string{fault.CodeStateConflict},
	}
	register[attachmentNamed, nothing](a, remove, func(ctx context.Context, x *exchange, in *attachmentNamed) (*reply, error) {
		return a.removeAttachment(ctx, x, in, remove)
	})
}

func fileSchema(about string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary", Description: about}
}

func describePicture() *huma.RequestBody {
	picture := &huma.MediaType{Schema: fileSchema("At most 10 MiB.")}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{
		"file": fileSchema("The picture."), "resize": {Type: huma.TypeBoolean}, "name": {Type: huma.TypeString},
	}}
	form.PrecomputeMessages()
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"image/jpeg": picture, "image/png": picture, "image/gif": picture, "application/octet-stream": picture, "multipart/form-data": {Schema: form},
	}}
}

// addAttachment takes a picture in whichever form it comes. Uploading it again changes nothing
// more, so its reply is kept under the request's key right after it.
func (a *api) addAttachment(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	if r.Header.Get("Content-Encoding") != "" {
		return nil, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "send the picture as it is, without a Content-Encoding")
	}
	body, release, err := a.whole(w, r, maxPicture)
	defer release()
	if err != nil {
		return nil, err
	}
	u, err := pictureOf(r, body)
	if err != nil {
		return nil, err
	}
	key, keyed, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	if keyed {
		if out, err := a.earlier(r.Context(), o, key); out != nil || err != nil {
			return out, err
		}
	}
	kept, err := a.Attachments.Add(r.Context(), x.site, u)
	if err != nil {
		return nil, err
	}
	return a.keep(r.Context(), o, key, keyed, func(*db.Tx) (*reply, error) {
		view, err := showAttachment(kept)
		if err != nil {
			return nil, err
		}
		return rendered(o.status, view)
	})
}

// pictureOf finds the picture in a request.
func pictureOf(r *http.Request, body []byte) (u attachment.Upload, err error) {
	query := r.URL.Query()
	u = attachment.Upload{Title: query.Get("name"), Content: body}
	if u.Resize, err = truth("resize", query.Get("resize")); err != nil {
		return u, err
	}
	// Whoever sends something else than a form sends the picture: its content says what it is.
	if form, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && form == "multipart/form-data" {
		return u, formOf(body, params["boundary"], &u)
	}
	return u, nil
}

// formOf reads the parts of a form.
func formOf(body []byte, boundary string, u *attachment.Upload) error {
	broken := func(err error) error {
		return fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the form cannot be read; send the picture as the part file of multipart/form-data, or by itself")
	}
	if boundary == "" {
		return broken(errors.New("no boundary"))
	}
	parts, given := multipart.NewReader(bytes.NewReader(body), boundary), false
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		var value []byte
		if err == nil {
			value, err = io.ReadAll(part)
		}
		if err != nil {
			return broken(err)
		}
		switch name := part.FormName(); {
		case name == "file" && given:
			return fault.Check("/file", "send one file in a request")
		case name == "file":
			given, u.Content = true, value
			if u.Title == "" {
				u.Title = part.FileName()
			}
		case name == "name":
			u.Title = string(value)
		case name == "resize":
			if u.Resize, err = truth("resize", string(value)); err != nil {
				return err
			}
		default:
			return fault.Check("/"+cut(name), "there is no such part: use file, name and resize")
		}
	}
	if !given {
		return fault.Check("/file", "the form has no part file")
	}
	return nil
}

// truth reads a yes or no; absent is no.
func truth(name, text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, fault.Check("/"+name, "want true or false")
}

func (a *api) listAttachments(tx *db.Tx, x *exchange, in *Paging) (out listOf[attachmentView], err error) {
	l, err := a.list(tx, x, "attachments")
	if err != nil {
		return out, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return out, err
	}
	rows, err := a.Attachments.List(tx, x.site, before, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showAttachment, func(one attachment.Attachment) any { return one.ID })
}

// attachmentContent gives the bytes of a picture.
func (a *api) attachmentContent(w http.ResponseWriter, r *http.Request) {
	n, err := attachmentName(of(r.Context()).site, r.PathValue("id"))
	var content []byte
	if err == nil {
		content, err = a.Attachments.Content(r.Context(), n)
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Disposition", `inline; filename="`+n.ID.Text(id.Attachment)+`.jpg"`)
	a.sendBytes(w, http.StatusOK, attachment.MediaType, content)
}

func (a *api) removeAttachment(ctx context.Context, x *exchange, in *attachmentNamed, o operation) (*reply, error) {
	n, err := attachmentName(x.site, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := a.once(ctx, x, o, func(tx *db.Tx) (*reply, error) {
		if err := attachment.Remove(tx, n); err != nil {
			return nil, err
		}
		return rendered(o.status, nil)
	})
	if err != nil {
		return nil, err
	}
	if err := a.Attachments.Drop(ctx, n); err != nil {
		// It is deleted all the same; its bytes are swept.
		a.Log.WarnContext(ctx, "bytes of an attachment not deleted", slog.String("attachment", n.ID.Text(id.Attachment)), slog.Any("error", err))
	}
	return out, nil
}
