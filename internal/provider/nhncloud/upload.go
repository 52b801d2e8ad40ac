package nhncloud

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

const (
	filePath = "/attachfile/binaryUpload"
	keptFor  = 24 * time.Hour // the vendor's own time is not documented
)

// Upload brings a picture to the vendor.
func (a *account) Upload(ctx context.Context, p provider.Picture) provider.Uploaded {
	const act = "upload picture"
	body, err := json.Marshal(struct {
		Name string `json:"fileName"`
		User string `json:"createUser"`
		Body string `json:"fileBody"`
	}{p.Name, "creditmsg", base64.StdEncoding.EncodeToString(p.Content)})
	if err != nil {
		return provider.NotUploaded(provider.Result{Outcome: provider.NotSent, Text: act + ": " + err.Error()})
	}
	reply := a.call(ctx, a.sms, http.MethodPost, filePath, "", body)
	if reply.Err != nil {
		return provider.NotUploaded(provider.Unsent(ctx, act, reply.Err))
	}
	var answer struct {
		envelope
		Body struct {
			Data struct {
				ID int64 `json:"fileId"`
			} `json:"data"`
		} `json:"body"`
	}
	err = upstream.Lenient(json.Unmarshal(reply.Body, &answer))
	switch {
	case err != nil || !answer.decides(reply.Status):
		return provider.NotUploaded(strange(reply))
	case *answer.Header.Code != 0:
		return provider.NotUploaded(refused(&provider.Leg{Channel: provider.MMS}, *answer.Header.Code, answer.Header.Text, reply))
	case answer.Body.Data.ID <= 0:
		return provider.NotUploaded(provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: act + ": the reply names no file"})
	}
	return provider.Uploaded{ID: strconv.FormatInt(answer.Body.Data.ID, 10), Keeps: keptFor}
}

// fileIDs are the vendor's numbers of the pictures of a leg.
func fileIDs(l *provider.Leg) (ids []int64, err error) {
	for _, p := range l.Pictures {
		n, err := strconv.ParseInt(p.UpstreamID, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%.20q is no file of this vendor", p.UpstreamID)
		}
		ids = append(ids, n)
	}
	return ids, nil
}
