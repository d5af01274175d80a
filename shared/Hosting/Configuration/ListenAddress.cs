using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IoTPlatform.Pki;

namespace IoTPlatform.Hosting;

/// <summary>A setting whose entries are listen addresses.</summary>
/// <param name="Setting">Its name.</param>
/// <param name="Scheme">What each entry begins with.</param>
/// <param name="Example">A port that fits, for messages.</param>
public sealed record ListenScheme(string Setting, string Scheme, int Example)
{
    /// <summary>Where the host itself is served.</summary>
    public static ListenScheme Https { get; } = new(ListenAddress.Setting, Uri.UriSchemeHttps, 9443);
}

/// <summary>One entry of a <see cref="ListenScheme"/>: its scheme, an IP address, <c>localhost</c> or <c>*</c>, and a port.</summary>
public sealed class ListenAddress
{
    public const string Setting = "IOT_LISTEN";

    private const string NoPort = "its port is no number of 1 to 65535";

    private ListenAddress(ListenScheme setting, string text, IPAddress? address, int port)
    {
        From = setting;
        Text = text;
        Address = address;
        Port = port;
    }

    /// <summary>Where it was written.</summary>
    public ListenScheme From { get; }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Null: localhost, on both loopback addresses.</summary>
    public IPAddress? Address { get; }

    public int Port { get; }

    /// <param name="text">The entry.</param>
    /// <param name="setting">Whose.</param>
    /// <param name="address">Port 0 (any free one) is taken.</param>
    /// <param name="why">What is wrong with it.</param>
    public static bool TryParse(string text, ListenScheme setting, [NotNullWhen(true)] out ListenAddress? address, [NotNullWhen(false)] out string? why)
    {
        address = null;
        var scheme = setting.Scheme + Uri.SchemeDelimiter;
        var example = $"{scheme}127.0.0.1:{setting.Example}";
        if (!text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            why = $"only {setting.Scheme} is served there, as in {example}";
            return false;
        }

        var rest = text[scheme.Length..];
        rest = rest.EndsWith('/') ? rest[..^1] : rest;
        if (rest.AsSpan().ContainsAny("/?#@"))
        {
            why = "it must have no path, query or credentials";
            return false;
        }

        var colon = rest.LastIndexOf(':');
        if (colon < 1 || rest.EndsWith(']'))
        {
            why = $"the port is missing, as in {example}";
            return false;
        }

        if (!ushort.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            why = NoPort;
            return false;
        }

        if (Host(rest[..colon]) is not (true, var ip))
        {
            why = "its host must be an IP address of this machine, localhost or *";
            return false;
        }

        address = new ListenAddress(setting, text, ip, port);
        why = null;
        return true;
    }

    /// <summary>An entry with a port of its own; null: it is wrong, and the errors have it.</summary>
    /// <param name="settings">The host's.</param>
    /// <param name="setting">Whose entry.</param>
    /// <param name="text">The entry.</param>
    public static ListenAddress? Read(SettingsReader settings, ListenScheme setting, string text)
    {
        if (TryParse(text, setting, out var address, out var why) && address.Port > 0)
        {
            return address;
        }

        settings.Invalid(setting.Setting, text, why ?? NoPort);
        return null;
    }

    /// <summary>All entries of <see cref="Setting"/>.</summary>
    /// <param name="settings">The host's.</param>
    /// <param name="fallback">Where it listens by default.</param>
    /// <param name="firstPort">The first one's.</param>
    public static IReadOnlyList<string> Read(SettingsReader settings, string fallback, out int firstPort)
    {
        var urls = settings.List(Setting, fallback);
        var addresses = urls.Select(url => Read(settings, ListenScheme.Https, url)).ToList();
        firstPort = addresses.Find(address => address is not null)?.Port ?? 0;
        if (urls.Count == 0)
        {
            settings.Invalid(Setting, "", "there must be one at least");
        }

        return urls;
    }

    /// <summary>An entry of <see cref="Setting"/>. Throws <see cref="StartupException"/>.</summary>
    public static ListenAddress Parse(string text) =>
        TryParse(text, ListenScheme.Https, out var address, out var why) ? address : throw new StartupException($"{Setting}: \"{text}\": {why}.");

    /// <summary>Every address that has to be bound.</summary>
    public IEnumerable<IPEndPoint> EndPoints => Address is null ? [new(IPAddress.Loopback, Port), new(IPAddress.IPv6Loopback, Port)] : [new(Address, Port)];

    private static (bool IsHost, IPAddress? Address) Host(string host) => host switch
    {
        "*" or "+" => (true, IPAddress.IPv6Any),
        ['[', .. var v6, ']'] when ServerName.TryParse(v6, out var name, out _) && name.Contains(':') => (true, IPAddress.Parse(name)),
        _ when host.Equals("localhost", StringComparison.OrdinalIgnoreCase) => (true, null),
        _ when ServerName.TryParse(host, out var name, out _) && IPAddress.TryParse(name, out var v4) && v4.AddressFamily == AddressFamily.InterNetwork => (true, v4),
        _ => (false, null),
    };
}
