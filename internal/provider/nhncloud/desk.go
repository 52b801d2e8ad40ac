package nhncloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// This file is what the account has besides messages: sender numbers, Kakao channels and
// templates. The vendor bills afterwards and tells no balance.

const deskPages = 100

// desk makes one request besides messages to a product and reads its reply into out; nil = it
// is not looked at. path begins with a slash.
func (a *account) desk(ctx context.Context, p product, act, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return provider.Undone(act, errors.New("the request cannot be written"))
		}
	}
	reply := a.call(ctx, p, method, path, "", body)
	if reply.Err != nil {
		return provider.Broken(act, reply.Left, reply.Err)
	}
	var answer envelope
	if err := json.Unmarshal(reply.Body, &answer); err != nil || !answer.decides(reply.Status) {
		if r := strange(reply); r.Outcome == provider.Refused {
			return provider.Denied(act, r)
		}
		return fmt.Errorf("%s: HTTP status %d: the reply cannot be read", act, reply.Status)
	}
	switch code := *answer.Header.Code; code {
	case 0:
	case -9999, -7000: // the vendor failed while it was at it
		return fmt.Errorf("%s: result code %d: %s", act, code, upstream.Words(answer.Header.Text))
	default:
		channel := provider.Alimtalk
		if p == a.sms {
			channel = provider.SMS
		}
		return &provider.Denial{Act: act, Reason: apiReason(channel, code), Code: strconv.Itoa(code), Text: upstream.Words(answer.Header.Text)}
	}
	if out == nil {
		return nil
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, out)); err != nil {
		return fmt.Errorf("%s: the reply cannot be read", act)
	}
	return nil
}

// pages reads a list to its end. each says how many entries a page had.
func (a *account) pages(ctx context.Context, p product, act, path string, each func(body json.RawMessage) (int, error)) error {
	for page := 1; page <= deskPages; page++ {
		query := url.Values{"pageNum": {strconv.Itoa(page)}, "pageSize": {strconv.Itoa(pageSize)}}
		var raw json.RawMessage
		if err := a.desk(ctx, p, act, http.MethodGet, path+"?"+query.Encode(), nil, &raw); err != nil {
			return err
		}
		n, err := each(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", act, err)
		}
		if n < pageSize {
			return nil
		}
	}
	return errors.New(act + ": the list does not end")
}

var errNoList = errors.New("the reply has no list")

// Holds is what the vendor tells.
func (a *account) Holds() provider.Holdings { return provider.HoldsSenders }

// Balance is denied; see above.
func (a *account) Balance(context.Context) (provider.Balance, error) {
	return provider.Balance{}, provider.NotOffered("ask for the balance")
}

// Senders lists the numbers of the SMS product.
func (a *account) Senders(ctx context.Context) ([]provider.ListedSender, error) {
	list := []provider.ListedSender{}
	err := a.pages(ctx, a.sms, "list sender numbers", "/sendNos", func(body json.RawMessage) (int, error) {
		var page struct {
			Body struct {
				Data []struct {
					Number string `json:"sendNo"`
					Used   string `json:"useYn"`
					Held   string `json:"blockYn"`
				} `json:"data"`
			} `json:"body"`
		}
		if err := upstream.Lenient(json.Unmarshal(body, &page)); err != nil || page.Body.Data == nil {
			return 0, errNoList
		}
		for _, one := range page.Body.Data {
			number, err := korea.ParseSender(one.Number)
			if err != nil {
				continue
			}
			state := provider.SenderUsable
			switch {
			case one.Held == "Y":
				state = provider.SenderHeld
			case one.Used == "N":
				state = provider.SenderRejected
			}
			list = append(list, provider.ListedSender{Number: number, State: state})
		}
		return len(page.Body.Data), nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// wireCategory is a line of business; only the third level can be named.
type wireCategory struct {
	Code string         `json:"code"`
	Name string         `json:"name"`
	Sub  []wireCategory `json:"subCategories"`
}

func leaves(list []wireCategory, before string) (out []provider.Category) {
	for _, c := range list {
		if len(c.Sub) == 0 {
			out = append(out, provider.Category{Code: c.Code, Name: before + c.Name})
		}
		out = append(out, leaves(c.Sub, before+c.Name+" > ")...)
	}
	return out
}

// ChannelCategories lists the lines of business of channels.
func (a *account) ChannelCategories(ctx context.Context) ([]provider.Category, error) {
	const act = "list categories"
	var reply struct {
		List []wireCategory `json:"categories"`
	}
	if err := a.desk(ctx, a.alimtalk, act, http.MethodGet, "/sender/categories", nil, &reply); err != nil {
		return nil, err
	}
	if reply.List == nil {
		return nil, fmt.Errorf("%s: %w", act, errNoList)
	}
	return leaves(reply.List, ""), nil
}

// RequestToken asks for the channel, upon which Kakao sends its manager a number.
func (a *account) RequestToken(ctx context.Context, c provider.ChannelClaim) error {
	return a.desk(ctx, a.alimtalk, "ask for a token", http.MethodPost, "/senders",
		map[string]string{"plusFriendId": c.Name, "phoneNo": string(c.Manager), "categoryCode": c.Category}, nil)
}

// RegisterChannel proves that the channel is the manager's. The vendor's answer does not name
// the key of the channel, which is looked up; when that fails, whether it is registered is as
// open as after a lost answer.
func (a *account) RegisterChannel(ctx context.Context, c provider.ChannelClaim) (provider.KakaoChannel, error) {
	const act = "register the channel"
	token, err := strconv.Atoi(c.Token)
	if err != nil {
		return provider.KakaoChannel{}, &provider.Denial{Act: act, Reason: provider.ContentMissing, Text: "the token is a number of digits alone"}
	}
	err = a.desk(ctx, a.alimtalk, act, http.MethodPost, "/sender/token", map[string]any{"plusFriendId": c.Name, "token": token}, nil)
	if err != nil {
		return provider.KakaoChannel{}, err
	}
	list, err := a.Channels(ctx)
	if err != nil {
		return provider.KakaoChannel{}, fmt.Errorf("%s: it is done, but its key could not be asked for: %s", act, err)
	}
	for _, one := range list {
		if one.Name == c.Name {
			return one, nil
		}
	}
	return provider.KakaoChannel{}, errors.New(act + ": it is done, but not listed yet")
}

// Channels lists the channels whose managers have proven them.
func (a *account) Channels(ctx context.Context) ([]provider.KakaoChannel, error) {
	all := []provider.KakaoChannel{}
	err := a.pages(ctx, a.alimtalk, "list channels", "/senders", func(body json.RawMessage) (int, error) {
		var page struct {
			List []struct {
				Name    string `json:"plusFriendId"`
				Key     string `json:"senderKey"`
				Status  string `json:"status"`
				Kakao   string `json:"kakaoStatus"`
				Profile string `json:"kakaoProfileStatus"`
				Dormant bool   `json:"dormant"`
				Blocked bool   `json:"block"`
			} `json:"senders"`
		}
		if err := upstream.Lenient(json.Unmarshal(body, &page)); err != nil || page.List == nil {
			return 0, errNoList
		}
		for _, c := range page.List {
			if c.Status == "YSC03" && upstream.PlainID(c.Key) {
				usable := !c.Dormant && !c.Blocked && c.Kakao != "S" && (c.Profile == "" || c.Profile == "A")
				all = append(all, provider.KakaoChannel{ID: c.Key, Name: c.Name, SenderKey: c.Key, Usable: usable})
			}
		}
		return len(page.List), nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
