using System.Text.RegularExpressions;

namespace IoTPlatform.Contracts;

/// <summary>
/// The shape of a device id: one or more DNS labels, at most 64 characters, because it becomes a CN (RFC 5280 ub-common-name),
/// a DNS SAN, a SPIFFE path segment and part of an MQTT client id. No <c>:</c>, which RabbitMQ reads as vhost:user.
/// </summary>
public static partial class DeviceId
{
    public const int MaxLength = 64;
    public const string Pattern = @"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$";

    public static bool IsValid(string? value) => value is { Length: > 0 and <= MaxLength } && Shape().IsMatch(value) && value[^1] != '\n';

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Timeout.Infinite)]
    private static partial Regex Shape();
}
