using System.Text.RegularExpressions;

namespace IoTPlatform.Contracts;

/// <summary>The shape of a tenant id: a DNS label of 2 to 63 characters, because it becomes a host name, a vHost and a realm.</summary>
public static partial class TenantId
{
    public const string Pattern = "^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$";

    public static bool IsValid(string? value) => value is { Length: <= 63 } && Shape().IsMatch(value) && value[^1] != '\n';

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Timeout.Infinite)]
    private static partial Regex Shape();
}
