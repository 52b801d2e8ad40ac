package sens

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// keptFor is how long the vendor keeps a picture.
const keptFor = 6 * 24 * time.Hour

// Upload brings a picture to the vendor.
func (a *account) Upload(ctx context.Context, p provider.Picture) provider.Uploaded {
	const act = "upload picture"
	body, err := json.Marshal(struct {
		Name string `json:"fileName"`
		Body string `json:"fileBody"`
	}{p.Name, base64.StdEncoding.EncodeToString(p.Content)})
	if err != nil {
		return provider.NotUploaded(provider.Result{Outcome: provider.NotSent, Text: act + ": " + err.Error()})
	}
	reply := a.call(ctx, http.MethodPost, a.sms+"/files", body)
	switch {
	case reply.Err != nil:
		return provider.NotUploaded(provider.Unsent(ctx, act, reply.Err))
	case reply.Status == http.StatusRequestEntityTooLarge:
		code, text, _ := said(reply)
		return provider.NotUploaded(provider.Result{Outcome: provider.Refused, Reason: provider.AttachmentError, Code: code, Text: text})
	case reply.Status < 200 || reply.Status > 299:
		return provider.NotUploaded(refused(reply))
	}
	var file struct {
		ID      string `json:"fileId"`
		Made    string `json:"createTime"`
		Expires string `json:"expireTime"`
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &file)); err != nil || !upstream.PlainID(file.ID) {
		return provider.NotUploaded(provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: act + ": the reply names no file"})
	}
	keeps := keptFor
	// Both times are the vendor's, whose clock does not matter then.
	if made, expires := fileTime(file.Made), fileTime(file.Expires); !made.IsZero() && expires.After(made) {
		keeps = min(keeps, expires.Sub(made))
	}
	return provider.Uploaded{ID: file.ID, Keeps: keeps}
}

// fileTime reads a time of an uploaded file, in any of the vendor's forms; zero when it is in
// none.
func fileTime(text string) time.Time {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999", "2006-01-02 15:04:05.999", "2006-01-02T15:04:05.999-0700"} {
		if t, err := time.ParseInLocation(form, text, korea.Seoul); err == nil {
			return t
		}
	}
	return time.Time{}
}

// withoutFile says of a call that was not taken whether that was for a picture which is gone.
func withoutFile(r provider.Result, status int, first *provider.Leg) provider.Result {
	if first.Channel != provider.MMS || status != http.StatusBadRequest && status != http.StatusNotFound || !strings.Contains(strings.ToLower(r.Text), "file") {
		return r
	}
	return provider.Result{Outcome: provider.NotSent, Code: r.Code, Text: r.Text, Gone: provider.UpstreamIDs(first)}
}
