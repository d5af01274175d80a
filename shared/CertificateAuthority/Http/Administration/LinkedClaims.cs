using System.Text.Json;
using System.Text.Json.Nodes;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>A provisioner's claims as the administration API writes them, and as ca.json does.</summary>
internal static class LinkedClaims
{
    private static readonly (string Linked, string Stored)[] Bounds = [("default", "default"), ("min", "min"), ("max", "max")];
    private static readonly string[] Flags = ["disableRenewal", "allowRenewalAfterExpiry", "disableSmallstepExtensions"];

    /// <summary>As ca.json writes them.</summary>
    public static JsonObject Read(LinkedJson claims)
    {
        var stored = new JsonObject();
        foreach (var flag in Flags)
        {
            stored.With(flag, claims.Flag(flag));
        }

        if (claims.Object("x509") is { } x509)
        {
            // Says nothing at step-ca either.
            x509.Ignore("enabled");
            Durations(stored, x509.Object("durations"), "TLSCertDuration");
            x509.RequireEmpty();
        }

        if (claims.Object("ssh") is { } ssh)
        {
            stored.With("enableSSHCA", ssh.Flag("enabled"));
            Durations(stored, ssh.Object("userDurations"), "UserSSHCertDuration");
            Durations(stored, ssh.Object("hostDurations"), "HostSSHCertDuration");
            ssh.RequireEmpty();
        }

        claims.RequireEmpty();
        return stored;
    }

    public static JsonObject? Write(JsonElement? claims)
    {
        if (claims is not { ValueKind: JsonValueKind.Object } stored)
        {
            return null;
        }

        var linked = new JsonObject();
        var x509 = Durations(stored, "TLSCertDuration");
        linked.With("x509", new JsonObject { ["enabled"] = true }.With("durations", x509));
        if (stored.TryGetProperty("enableSSHCA", out var ssh) && ssh.ValueKind == JsonValueKind.True)
        {
            linked["ssh"] = new JsonObject { ["enabled"] = true }.With("userDurations", Durations(stored, "UserSSHCertDuration")).With("hostDurations", Durations(stored, "HostSSHCertDuration"));
        }

        foreach (var flag in Flags)
        {
            linked.With(flag, stored.TryGetProperty(flag, out var value) && value.ValueKind == JsonValueKind.True);
        }

        return linked;
    }

    private static void Durations(JsonObject stored, LinkedJson? durations, string suffix)
    {
        foreach (var (linked, bound) in durations is null ? [] : Bounds)
        {
            stored.With(bound + suffix, durations!.Text(linked));
        }

        durations?.RequireEmpty();
    }

    private static JsonObject Durations(JsonElement stored, string suffix)
    {
        var durations = new JsonObject();
        foreach (var (linked, bound) in Bounds)
        {
            durations.With(linked, stored.TryGetProperty(bound + suffix, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null);
        }

        return durations;
    }
}
