package simulator

import (
	"net/http"
	"time"
)

// SENS shows templates and channels, which are kept in its console: PUT /_sim/templates
// stands for that.

// sensStates are what the vendor calls where a template stands: its inspection, and itself.
var sensStates = map[string][2]string{tplPending: {"REGISTER", "READY"}, tplInspecting: {"ACCEPT", "READY"}, tplApproved: {"COMPLETE", "ACTIVE"},
	tplRejected: {"REJECT", "READY"}, tplDormant: {"COMPLETE", "DORMANT"}, tplBlocked: {"COMPLETE", "STOP"}}

// sensTemplates lists the templates of a channel, as a bare array.
func (s *Simulator) sensTemplates(a *account, r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel, code := r.URL.Query().Get("channelId"), r.URL.Query().Get("templateCode")
	if channel == "" {
		return nil, sensInvalid("channelId is required")
	}
	var rows []map[string]any
	for _, t := range a.sheets {
		if t.vendor != sens || t.sender != channel || code != "" && code != t.code {
			continue
		}
		comments := []map[string]any{}
		for i, c := range t.remarks {
			comments = append(comments, map[string]any{"commentId": i + 1, "content": c.text, "status": sensStates[t.state][0], "createTime": sensMoment(c.at)})
		}
		rows = append(rows, map[string]any{"channelId": t.sender, "templateCode": t.code, "templateName": t.name, "content": t.content, "comments": comments,
			"templateInspectionStatus": sensStates[t.state][0], "templateStatus": sensStates[t.state][1], "buttons": []any{}, "createTime": sensMoment(t.made), "updateTime": sensMoment(t.changed)})
	}
	if rows == nil {
		return nil, sensNoRows
	}
	return rows, nil
}

func sensMoment(at time.Time) string { return sensTime(at.UnixMilli()) }
