using System.CommandLine;
using IoTPlatform.Client;

namespace IoTPlatform.Iot;

/// <summary>Which certificates 'list' and 'export' are about.</summary>
internal static class CertificateFlags
{
    private static readonly Option<string?> Text = new("--text") { Description = "Part of a subject or a SAN, or a whole serial, decimal or hex." };
    private static readonly Option<string?> Name = new("--name") { Description = "A subject or a SAN in full: found at once among however many." };
    private static readonly Option<string?> Profile = new("--profile") { Description = "root, intermediate, tenant-sub-ca, service, mqtt-bridge, device or leaf." };
    private static readonly Option<string?> Subject = new("--subject") { Description = "Exact subject." };
    private static readonly Option<string?> Issuer = new("--issuer") { Description = "Common name of the CA that signed it." };
    private static readonly Option<string?> Provisioner = new("--provisioner") { Description = "Name of the provisioner that gave it." };
    private static readonly Option<long?> Endpoint = new("--endpoint") { Description = "Id of an endpoint (iot ca endpoints).", HelpName = "id" };
    private static readonly Option<string?> State = new("--state") { Description = "valid, expired, revoked or on-hold." };
    private static readonly Option<bool> Revoked = new("--revoked") { Description = "Only revoked ones, also those on hold." };
    private static readonly Option<TimeSpan?> Expiring = new("--expiring-within") { Description = "Only those that are valid now and expire within this time: 24h, 30d.", CustomParser = result => Duration.Parse(result), HelpName = "time" };

    public static IReadOnlyList<Symbol> All { get; } = [Text, Name, Profile, Subject, Issuer, Provisioner, Endpoint, State, Revoked, Expiring];

    public static CertificateFilter Filter(Run run)
    {
        var now = run.Time.GetUtcNow();
        var within = run.Get(Expiring);
        return new CertificateFilter
        {
            Text = run.Get(Text),
            Name = run.Get(Name),
            Profile = run.Get(Profile),
            Subject = run.Get(Subject),
            Issuer = run.Get(Issuer),
            Provisioner = run.Get(Provisioner),
            Endpoint = run.Get(Endpoint),
            State = run.Get(State),
            Revoked = run.Get(Revoked) ? true : null,
            ExpiringBefore = within is null ? null : now + within,
            ExpiringAfter = within is null ? null : now,
        };
    }
}
