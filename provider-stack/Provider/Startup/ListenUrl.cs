using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Provider.Startup;

/// <summary>A URL Kestrel listens on: https, a host or a wildcard, a port, nothing else.</summary>
internal static class ListenUrl
{
    public static bool IsValid(string url, [NotNullWhen(false)] out string? why)
    {
        why = null;
        try
        {
            var address = BindingAddress.Parse(url);
            if (!string.Equals(address.Scheme, Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase))
                why = "only https is served";
            else if (address.PathBase.Length > 0)
                why = "it must not have a path";
            else if (address.Port is < 1 or > 65535)
                why = string.Create(CultureInfo.InvariantCulture, $"{address.Port} is no port");
        }
        catch (FormatException)
        {
            why = "it is no URL such as https://127.0.0.1:9443";
        }

        return why is null;
    }

    public static int Port(string url) => BindingAddress.Parse(url).Port;
}
