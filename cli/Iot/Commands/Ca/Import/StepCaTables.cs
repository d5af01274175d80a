using System.Text;
using System.Text.Json.Nodes;

namespace IoTPlatform.Iot;

/// <summary>The tables of a step-ca's database that say what it has issued and revoked, whose ACME accounts there are, and what remote management keeps. Keys are ASCII: serial numbers in decimal digits, or ids.</summary>
internal interface IStepCaTables : IAsyncDisposable
{
    /// <summary>Every row, in no order that means anything; none where there is no such table. Throws <see cref="CliException"/> for what can't be read, as the others do.</summary>
    IAsyncEnumerable<StepCaRow> ReadAsync(StepCaTable table, CancellationToken cancellationToken);

    /// <summary>The values of these keys, in their order; null: there is none.</summary>
    Task<IReadOnlyList<byte[]?>> FindAsync(StepCaTable table, IReadOnlyList<byte[]> keys, CancellationToken cancellationToken);
}

/// <param name="Name">Of the table.</param>
internal sealed record StepCaTable(string Name)
{
    /// <summary>DER.</summary>
    public static readonly StepCaTable Certificates = new("x509_certs");

    /// <summary>JSON: whose provisioner's it is.</summary>
    public static readonly StepCaTable CertificateData = new("x509_certs_data");

    /// <summary>JSON: since when and why.</summary>
    public static readonly StepCaTable Revocations = new("revoked_x509_certs");

    /// <summary>JSON: key, contacts and status.</summary>
    public static readonly StepCaTable AcmeAccounts = new("acme_accounts");

    /// <summary>JSON: whose they are, and of which provisioner.</summary>
    public static readonly StepCaTable AcmeOrders = new("acme_orders");

    /// <summary>JSON, as are the next two: of remote management.</summary>
    public static readonly StepCaTable Provisioners = new("provisioners");

    public static readonly StepCaTable Admins = new("admins");

    public static readonly StepCaTable Policies = new("authority_policies");

    public static readonly IReadOnlyList<StepCaTable> All = [Certificates, CertificateData, Revocations, AcmeAccounts, AcmeOrders, Provisioners, Admins, Policies];

    public byte[] Bytes { get; } = Encoding.ASCII.GetBytes(Name);
}

internal readonly record struct StepCaRow(byte[] Key, byte[] Value);

/// <summary>Opens the database that a ca.json names, read only.</summary>
internal static class StepCaDatabase
{
    /// <summary>Of a row of these tables; a certificate of step-ca has 64 KiB at most. What a client of step-ca made longer is read as empty.</summary>
    public const int MaxValue = 1 << 20;

    /// <param name="configuration">The whole of ca.json.</param>
    /// <param name="folder">That step-ca's relative paths begin at.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<IStepCaTables> OpenAsync(JsonObject configuration, string folder, CancellationToken cancellationToken)
    {
        var db = configuration["db"] as JsonObject ?? throw Refused("ca.json names no database (\"db\"): this step-ca keeps no record of what it issues");
        var (type, source) = (Text(db, "type") ?? "", Text(db, "dataSource") ?? throw Refused("ca.json has a \"db\" without a \"dataSource\""));
        switch (type.ToLowerInvariant())
        {
            case "badger" or "badgerv1" or "badgerv2":
                return await BadgerLog.OpenAsync(Path.Combine(folder, Text(db, "valueDir") is { Length: > 0 } values ? values : source), Path.Combine(folder, source), cancellationToken);
            case "bolt" or "bbolt":
                return BoltFile.Open(Path.Combine(folder, source));
            case "postgresql":
                return await PostgresTables.OpenAsync(source, Text(db, "database"), cancellationToken);
            case "mysql":
                throw Refused("a MySQL database is not read: there is no driver for it here");
            default:
                throw Refused($"a database of the type {type} is not known; badgerv2, bbolt and postgresql are read");
        }
    }

    public static CliException Refused(string why, Exception? inner = null) => new(ExitCode.Failed, "step_ca_database", why, inner);

    private static string? Text(JsonObject db, string name) => db[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
