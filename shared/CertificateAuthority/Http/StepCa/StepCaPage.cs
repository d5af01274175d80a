using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

/// <summary>One page of a list as step-ca cuts it: 20 unless <c>limit</c> says otherwise, at most 100; <c>cursor</c> is the first key of the next.</summary>
internal static class StepCaPage
{
    private const int Usual = 20;
    private const int Longest = 100;

    /// <param name="context">Of the request.</param>
    /// <param name="all">In any order.</param>
    /// <param name="key">By which the list is in order.</param>
    /// <param name="refuse">The error of a limit that is no number.</param>
    public static (IReadOnlyList<T> Items, string NextCursor) Of<T>(HttpContext context, IEnumerable<T> all, Func<T, string> key, Func<string, Exception> refuse)
    {
        var (cursor, asked) = (context.Request.Query["cursor"].ToString(), context.Request.Query["limit"].ToString());
        var limit = 0;
        if (asked.Length > 0 && !int.TryParse(asked, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out limit))
        {
            throw refuse($"limit '{asked}' is not an integer");
        }

        var size = limit <= 0 ? Usual : Math.Min(limit, Longest);
        var rest = all.OrderBy(key, StringComparer.Ordinal).SkipWhile(item => string.CompareOrdinal(key(item), cursor) < 0).Take(size + 1).ToList();
        return rest.Count > size ? ([.. rest.Take(size)], key(rest[size])) : (rest, "");
    }
}
