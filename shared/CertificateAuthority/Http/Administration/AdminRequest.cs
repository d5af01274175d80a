using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>What the handlers of the administration API read and write alike.</summary>
internal static class AdminRequest
{
    private const int UsualPage = 20;
    private const int LongestPage = 100;

    public static JsonObject Ok => new() { ["status"] = "ok" };

    public static string Route(this HttpContext context, string name) => context.Request.RouteValues[name] as string ?? "";

    public static Task<LinkedJson> ReadAsync(HttpContext context, string what) => RequestBody.ParseAsync(context, body => LinkedJson.Parse(body, what));

    /// <summary>One page of a list as step-ca cuts it; the cursor is the first key of the next.</summary>
    public static (IReadOnlyList<T> Items, string NextCursor) PageOf<T>(HttpContext context, IEnumerable<T> all, Func<T, string> key)
    {
        var (cursor, asked) = (context.Request.Query["cursor"].ToString(), context.Request.Query["limit"].ToString());
        var limit = 0;
        if (asked.Length > 0 && !int.TryParse(asked, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out limit))
        {
            throw AdminException.BadRequest($"limit '{asked}' is not an integer");
        }

        var size = limit <= 0 ? UsualPage : Math.Min(limit, LongestPage);
        var rest = all.OrderBy(key, StringComparer.Ordinal).SkipWhile(item => string.CompareOrdinal(key(item), cursor) < 0).Take(size + 1).ToList();
        return rest.Count > size ? ([.. rest.Take(size)], key(rest[size])) : (rest, "");
    }
}
