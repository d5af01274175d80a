using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace IoTPlatform.LocalServices;

/// <summary>What a <see cref="FormBrowser"/> shows.</summary>
public sealed record BrowserPage
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public required Uri Url { get; init; }

    public required HttpStatusCode Status { get; init; }

    public required HttpResponseHeaders Headers { get; init; }

    public required string Html { get; init; }

    /// <summary>Where it leads by itself: by a redirect, or by what the page says in its head.</summary>
    public Uri? Next => Headers.Location is { } location ? new Uri(Url, location)
        : Regex.Match(Html, "<meta http-equiv=\"refresh\" content=\"0;url=([^\"]+)\"", RegexOptions.None, Limit) is { Success: true } refresh ? new Uri(Url, WebUtility.HtmlDecode(refresh.Groups[1].Value))
        : null;

    /// <summary>What a person reads.</summary>
    public string Text => WebUtility.HtmlDecode(Regex.Replace(Regex.Replace(Html, "(?s)<(script|style|head).*?</\\1>", "", RegexOptions.None, Limit), "<[^>]+>|\\s+", " ", RegexOptions.None, Limit));

    /// <summary>The text of the element with this id; null: there is none.</summary>
    public string? this[string id] => Regex.Match(Html, $"id=\"{id}\"[^>]*>([^<]*)<", RegexOptions.None, Limit) is { Success: true } match ? WebUtility.HtmlDecode(match.Groups[1].Value) : null;

    /// <summary>The address of the first link whose text contains this. Throws when there is none.</summary>
    public Uri Link(string text) => Regex.Match(Html, $"(?s)<a\\s[^>]*href=\"([^\"]+)\"[^>]*>(?:(?!</a>).)*?{Regex.Escape(text)}", RegexOptions.None, Limit) is { Success: true } match
        ? new Uri(Url, WebUtility.HtmlDecode(match.Groups[1].Value))
        : throw new InvalidOperationException($"{Url} has no link {text}: {Text}");

    /// <summary>The first form whose address contains this, with its hidden fields. Throws when there is none.</summary>
    public (Uri Action, Dictionary<string, string> Fields) Form(string action)
    {
        var form = Regex.Match(Html, $"(?s)<form[^>]*action=\"([^\"]*{Regex.Escape(action)}[^\"]*)\".*?</form>", RegexOptions.None, Limit);
        if (!form.Success)
        {
            throw new InvalidOperationException($"{Url} ({(int)Status}) has no form {action}: {Text}");
        }

        var fields = Regex.Matches(form.Value, "<input[^>]*type=\"hidden\"[^>]*>", RegexOptions.None, Limit).Select(input => input.Value).ToDictionary(input => Attribute(input, "name"), input => Attribute(input, "value"), StringComparer.Ordinal);
        return (new Uri(Url, WebUtility.HtmlDecode(form.Groups[1].Value)), fields);
    }

    private static string Attribute(string element, string name) => WebUtility.HtmlDecode(Regex.Match(element, $"\\s{name}=\"([^\"]*)\"", RegexOptions.None, Limit).Groups[1].Value);
}
