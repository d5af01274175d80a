using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IoTPlatform.Pki;

namespace IoTPlatform.Hosting;

/// <summary>One entry of <see cref="Setting"/>: <c>https://</c>, an IP address, <c>localhost</c> or <c>*</c>, and a port.</summary>
public sealed class ListenAddress
{
    public const string Setting = "IOT_LISTEN";

    private ListenAddress(string text, IPAddress? address, int port)
    {
        Text = text;
        Address = address;
        Port = port;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Null: localhost, on both loopback addresses.</summary>
    public IPAddress? Address { get; }

    public int Port { get; }

    /// <param name="text">The entry.</param>
    /// <param name="address">Port 0 (any free one) is taken.</param>
    /// <param name="why">What is wrong with it.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out ListenAddress? address, [NotNullWhen(false)] out string? why)
    {
        address = null;
        why = "it is no address such as https://127.0.0.1:9443, https://localhost:9443 or https://*:9443";
        const string Scheme = "https://";
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            why = "only https is served, as in https://127.0.0.1:9443";
            return false;
        }

        var rest = text[Scheme.Length..];
        rest = rest.EndsWith('/') ? rest[..^1] : rest;
        if (rest.AsSpan().ContainsAny("/?#@"))
        {
            why = "it must have no path, query or credentials";
            return false;
        }

        var colon = rest.LastIndexOf(':');
        if (colon < 1 || rest.EndsWith(']'))
        {
            why = "the port is missing, as in https://127.0.0.1:9443";
            return false;
        }

        if (!ushort.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            why = "its port is no number of 1 to 65535";
            return false;
        }

        if (Host(rest[..colon]) is not (true, var ip))
        {
            why = "its host must be an IP address of this machine, localhost or *";
            return false;
        }

        address = new ListenAddress(text, ip, port);
        why = null;
        return true;
    }

    /// <summary>All entries, which have ports of their own.</summary>
    /// <param name="settings">The host's.</param>
    /// <param name="fallback">Where it listens by default.</param>
    /// <param name="firstPort">The first one's.</param>
    public static IReadOnlyList<string> Read(SettingsReader settings, string fallback, out int firstPort)
    {
        firstPort = 0;
        var urls = settings.List(Setting, fallback);
        foreach (var url in urls)
        {
            if (!TryParse(url, out var address, out var why))
            {
                settings.Invalid(Setting, url, why);
            }
            else if (address.Port == 0)
            {
                settings.Invalid(Setting, url, "its port is no number of 1 to 65535");
            }
            else if (firstPort == 0)
            {
                firstPort = address.Port;
            }
        }

        if (urls.Count == 0)
        {
            settings.Invalid(Setting, "", "there must be one at least");
        }

        return urls;
    }

    /// <summary>Throws <see cref="StartupException"/>.</summary>
    public static ListenAddress Parse(string text) => TryParse(text, out var address, out var why) ? address : throw new StartupException($"{Setting}: \"{text}\": {why}.");

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
