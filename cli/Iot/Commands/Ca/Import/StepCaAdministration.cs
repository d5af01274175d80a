using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace IoTPlatform.Iot;

/// <summary>
/// What a step-ca with remote management (<c>enableAdmin</c>) has in its database in place of ca.json: provisioners, the authority's policy, and who changes them. Values are as its administration API
/// writes them, in Go's names.
/// </summary>
/// <param name="Provisioners">Those that were not removed.</param>
/// <param name="Policy">Null: there is none.</param>
/// <param name="Admins">Those that were not removed.</param>
internal sealed record StepCaAdministration(IReadOnlyList<StepCaProvisioner> Provisioners, JsonObject? Policy, IReadOnlyList<StepCaAdmin> Admins)
{
    private const int MostRows = 10_000;

    /// <summary>step-ca's, unless ca.json names another.</summary>
    private const string DefaultAuthority = "00000000-0000-0000-0000-000000000000";

    /// <param name="authority">Of ca.json.</param>
    public static bool IsOf(JsonObject authority) => authority["enableAdmin"] is JsonValue value && value.TryGetValue(out bool isOn) && isOn;

    /// <summary>Throws <see cref="CliException"/> where a row can't be read: it may restrict.</summary>
    /// <param name="tables">Of the database.</param>
    /// <param name="authority">Of ca.json.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<StepCaAdministration> ReadAsync(IStepCaTables tables, JsonObject authority, CancellationToken cancellationToken)
    {
        var id = authority["authorityId"]?.ToString() is { Length: > 0 } own ? own : DefaultAuthority;
        try
        {
            return new StepCaAdministration(
                [.. (await RowsAsync(tables, StepCaTable.Provisioners, id, cancellationToken)).Select(ProvisionerOf)],
                // One that was removed is null.
                (await RowsAsync(tables, StepCaTable.Policies, id, cancellationToken)).SingleOrDefault()?["policy"] is { } policy ? policy as JsonObject ?? throw Unreadable() : null,
                [.. (await RowsAsync(tables, StepCaTable.Admins, id, cancellationToken)).Select(AdminOf)]);
        }
        // Half a pair of surrogates.
        catch (InvalidOperationException e)
        {
            throw Unreadable(e);
        }
    }

    /// <summary>In the words of the administration API.</summary>
    internal static StepCaProvisioner ProvisionerOf(JsonObject row)
    {
        var linked = new JsonObject();
        foreach (var (name, value) in row)
        {
            switch (name)
            {
                case "id" or "authorityID" or "createdAt" or "deletedAt":
                    break;
                case "details":
                    linked["details"] = Details(value);
                    break;
                case "webhooks":
                    linked["webhooks"] = new JsonArray([.. (value as JsonArray ?? []).Select(webhook => Webhook(webhook as JsonObject ?? throw Unreadable()))]);
                    break;
                default:
                    linked[name] = value?.DeepClone();
                    break;
            }
        }

        return new StepCaProvisioner(Text(row, "id"), Text(row, "name"), linked);
    }

    private static StepCaAdmin AdminOf(JsonObject row) => new(
        Text(row, "subject"), Text(row, "provisionerID"), row["type"] is JsonValue type && type.TryGetValue(out int number) ? number switch { 1 => false, 2 => true, _ => throw Unreadable() } : throw Unreadable());

    /// <summary>JSON within the row's JSON, as Go's names of protobuf's members.</summary>
    private static JsonObject Details(JsonNode? value)
    {
        try
        {
            var details = JsonNode.Parse(Convert.FromBase64String(value?.ToString() ?? "")) as JsonObject ?? throw Unreadable();
            return new JsonObject(details.Select(one => KeyValuePair.Create(one.Key == "K8SSA" ? "K8sSA" : one.Key, one.Value?.DeepClone())));
        }
        catch (Exception e) when (e is FormatException or JsonException or ArgumentException)
        {
            throw Unreadable(e);
        }
    }

    /// <summary>The database has them in names of its own.</summary>
    private static JsonObject Webhook(JsonObject stored)
    {
        var linked = new JsonObject();
        foreach (var (name, value) in stored)
        {
            switch (name)
            {
                case "disableTLSClientAuth":
                    linked["disableTlsClientAuth"] = value?.DeepClone();
                    break;
                case "bearerToken":
                    linked[name] = new JsonObject { [name] = value?.DeepClone() };
                    break;
                default:
                    linked[name] = value?.DeepClone();
                    break;
            }
        }

        return linked;
    }

    private static async Task<IReadOnlyList<JsonObject>> RowsAsync(IStepCaTables tables, StepCaTable table, string authority, CancellationToken cancellationToken)
    {
        var rows = new List<JsonObject>();
        await foreach (var row in tables.ReadAsync(table, cancellationToken))
        {
            if (rows.Count == MostRows)
            {
                throw StepCaDatabase.Refused($"the database has more than {MostRows} {table.Name}");
            }

            var json = Parse(row.Value);
            if (Text(json, "id") != Encoding.ASCII.GetString(row.Key))
            {
                throw Unreadable();
            }

            // Step-ca keeps what was removed, with the date.
            if (Text(json, "authorityID") == authority && (json["deletedAt"]?.ToString() ?? "0001-").StartsWith("0001-", StringComparison.Ordinal))
            {
                rows.Add(json);
            }
        }

        return rows;
    }

    private static JsonObject Parse(byte[] value)
    {
        try
        {
            return JsonNode.Parse(Encoding.UTF8.GetString(value), documentOptions: new() { AllowDuplicateProperties = false }) as JsonObject ?? throw Unreadable();
        }
        catch (JsonException e)
        {
            throw Unreadable(e);
        }
    }

    private static string Text(JsonObject row, string name) => row[name] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Unreadable();

    private static CliException Unreadable(Exception? inner = null) => StepCaDatabase.Refused("what remote management has in the database can't be read", inner);
}

/// <param name="Id">By which admins and ACME orders name it.</param>
/// <param name="Name">Its own.</param>
/// <param name="Linked">In the words of the administration API.</param>
internal sealed record StepCaProvisioner(string Id, string Name, JsonObject Linked);

/// <param name="Subject">Of its certificates.</param>
/// <param name="ProvisionerId">That its certificates are of.</param>
/// <param name="IsSuper">Changes admins, too.</param>
internal sealed record StepCaAdmin(string Subject, string ProvisionerId, bool IsSuper);
