namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What an issue or issuewild property says (RFC 8659 4.2): an authority's domain, or none, and for whom (RFC 8657).</summary>
internal sealed class CaaIssueValue
{
    private readonly string _domain;
    private readonly IReadOnlyList<(string Tag, string Value)> _parameters;

    private CaaIssueValue(string domain, IReadOnlyList<(string Tag, string Value)> parameters) => (_domain, _parameters) = (domain, parameters);

    /// <summary>Null: it does not follow the grammar, and so names no authority.</summary>
    public static CaaIssueValue? Parse(string text)
    {
        var parts = text.Split(';');
        var domain = parts[0].Trim(' ', '\t');
        if (domain.Length > 0 && !IsDomain(domain))
        {
            return null;
        }

        var parameters = new List<(string, string)>();
        foreach (var (parameter, index) in parts[1..].Select((part, index) => (part.Trim(' ', '\t'), index)))
        {
            if (parameter.Length == 0)
            {
                // A lone or a last semicolon, and nothing else.
                if (index == parts.Length - 2)
                {
                    continue;
                }

                return null;
            }

            if (parameter.Split('=', 2) is not [{ Length: > 0 } tag, var value] || !IsLabel(tag.Trim(' ', '\t')) || !value.Trim(' ', '\t').All(c => c is >= '!' and <= '~'))
            {
                return null;
            }

            parameters.Add((tag.Trim(' ', '\t'), value.Trim(' ', '\t')));
        }

        return new CaaIssueValue(domain, parameters);
    }

    public bool Allows(CaaRequester requester) =>
        requester.Identities.Contains(_domain, StringComparer.OrdinalIgnoreCase)
        // RFC 8657 3: exactly that account; 4: one of these ways. Two of either can't be fulfilled; what else there is is for other authorities.
        && Only("accounturi", uri => requester.AccountUris.Contains(uri, StringComparer.Ordinal))
        && Only("validationmethods", methods => methods.Split(',').Contains(requester.Method, StringComparer.Ordinal));

    private bool Only(string tag, Func<string, bool> holds) => _parameters.Where(parameter => parameter.Tag.Equals(tag, StringComparison.OrdinalIgnoreCase)).ToList() switch
    {
        [] => true,
        [var (_, value)] => holds(value),
        _ => false,
    };

    private static bool IsDomain(string text) => text.Split('.').All(IsLabel);

    private static bool IsLabel(string text) => text.Length > 0 && text[0] != '-' && text[^1] != '-' && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
