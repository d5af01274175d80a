using System.Globalization;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The version of a row as an entity tag (RFC 9110 8.8.3), so that of two who change it at once one is told.</summary>
internal static class RowVersion
{
    /// <summary>What the request replaces: a version, 0 for nothing, null for whatever is there. Throws 400 <c>bad_precondition</c>.</summary>
    public static long? Asked(HttpRequest request)
    {
        var (match, none) = (request.Headers.IfMatch.ToString(), request.Headers.IfNoneMatch.ToString());
        return (match, none) switch
        {
            ("", "") => null,
            ("", "*") => 0,
            (_, "") when EntityTagHeaderValue.TryParse(match, out var tag) && !tag.IsWeak && long.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version) => version,
            _ => throw new ProblemException(400, "bad_precondition", "If-Match has one version in quotes, or If-None-Match has *."),
        };
    }

    public static void Tell(HttpResponse response, long? version)
    {
        if (version is { } known)
        {
            response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{known}\"");
        }
    }
}
