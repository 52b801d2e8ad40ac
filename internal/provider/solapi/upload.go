package solapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// codeNoImage refuses a message whose picture is not in the storage.
const codeNoImage = "1023"

// Upload puts a picture into the vendor's storage.
func (a *account) Upload(ctx context.Context, p provider.Picture) provider.Uploaded {
	const act = "upload picture"
	body, err := json.Marshal(struct {
		File string `json:"file"`
		Type string `json:"type"`
		Name string `json:"name"`
	}{base64.StdEncoding.EncodeToString(p.Content), "MMS", p.Name})
	if err != nil {
		return provider.NotUploaded(provider.Result{Outcome: provider.NotSent, Text: act + ": " + err.Error()})
	}
	reply := a.call(ctx, http.MethodPost, filesPath, body)
	if failed := before(ctx, act, reply); failed != nil {
		if reply.Status == http.StatusRequestEntityTooLarge {
			failed.Outcome, failed.Reason = provider.Refused, provider.AttachmentError
		}
		return provider.NotUploaded(*failed)
	}
	var file struct {
		ID string `json:"fileId"`
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &file)); err != nil || !upstream.PlainID(file.ID) {
		return provider.NotUploaded(provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: act + ": the reply names no file"})
	}
	return provider.Uploaded{ID: file.ID}
}

// withoutImage says of a failed request that added messages whether it failed for a picture
// that is not in the storage: the vendor's documents name an error for it beside the code.
func withoutImage(failed provider.Result, legs []provider.Leg) provider.Result {
	if failed.Code != "ImageNotFound" {
		return failed
	}
	failed.Outcome, failed.Reason = provider.NotSent, ""
	for i := range legs {
		failed.Gone = append(failed.Gone, provider.UpstreamIDs(&legs[i])...)
	}
	return failed
}

// goneOf gives the pictures of legs that were refused since their picture is not there.
func goneOf(legs []provider.Leg, members []provider.Member) (gone []string) {
	for i := range legs {
		if members[i].Refused && members[i].Code == codeNoImage && legs[i].Channel == provider.MMS {
			gone = append(gone, provider.UpstreamIDs(&legs[i])...)
		}
	}
	return gone
}
