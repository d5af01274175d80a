namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>A CAA record (RFC 8659 4).</summary>
/// <param name="Flags">0x80: critical.</param>
/// <param name="Tag">For example <c>issue</c>; case does not count.</param>
/// <param name="Value">For example <c>ca.example; accounturi=…</c>.</param>
internal sealed record CaaProperty(byte Flags, string Tag, string Value)
{
    private const string Issue = "issue";
    private const string IssueWild = "issuewild";
    private const byte Critical = 0x80;

    private static readonly string[] Understood = [Issue, IssueWild, "iodef", "issuemail"];

    /// <summary>Why a relevant set of records does not let the requester have a certificate; null: it does (RFC 8659 4.2, 4.3).</summary>
    public static string? Refusal(IReadOnlyList<CaaProperty> records, bool isWildcard, CaaRequester requester)
    {
        if (records.FirstOrDefault(record => (record.Flags & Critical) != 0 && !Understood.Contains(record.Tag, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            return $"a critical property {(unknown.Tag.All(char.IsAsciiLetterOrDigit) ? unknown.Tag : "")} that is not understood here";
        }

        var issue = records.Where(record => record.Is(Issue)).ToList();
        var wild = isWildcard ? records.Where(record => record.Is(IssueWild)).ToList() : [];
        var relevant = wild.Count > 0 ? wild : issue;
        return relevant.Count == 0 || relevant.Exists(record => CaaIssueValue.Parse(record.Value) is { } value && value.Allows(requester))
            ? null
            : "no property that names this authority for this account and this way of proof";
    }

    private bool Is(string tag) => Tag.Equals(tag, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Whom CAA records are to allow.</summary>
/// <param name="Identities">Domains of this authority.</param>
/// <param name="AccountUris">Addresses of the one account.</param>
/// <param name="Method">The challenge by which the name was proven.</param>
internal sealed record CaaRequester(IReadOnlyList<string> Identities, IReadOnlyList<string> AccountUris, string Method);
