using System.Globalization;
using System.Text;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;

namespace IoTPlatform.Iot;

/// <summary>
/// Takes over the accounts of a step-ca's ACME clients: each goes on under the address that it knows. The server judges each, and stores a batch or nothing of it, so that an import that broke
/// off is begun again.
/// </summary>
/// <param name="server">Where they go.</param>
/// <param name="tables">Where they are.</param>
/// <param name="provisioners">Those that step-ca has.</param>
internal sealed class StepCaAccounts(PlatformClient server, IStepCaTables tables, AcmeProvisioners provisioners)
{
    /// <summary>Octets that the server takes at once.</summary>
    internal const int MaxRequest = 8 << 20;

    /// <summary>So many fit into a request, whatever is in them.</summary>
    internal const int BatchSize = (MaxRequest - Around) / MaxItem;
    private const int MaxKey = 4096;
    private const int MaxContacts = 10;

    /// <summary>"mailto:" and the longest mail address (RFC 5321 4.5.3.1.3); one that is longer is none.</summary>
    private const int MaxContact = 7 + 254;

    /// <summary>Octets of JSON for a UTF-16 character that is escaped.</summary>
    private const int Escaped = 6;

    /// <summary>The names of members, quotes and commas of a request, and of an account in it.</summary>
    private const int Around = 128;
    private const int MaxItem = (Escaped * (MaxKey + (MaxContacts * MaxContact) + (2 * StepCaJson.MaxText))) + (3 * MaxContacts) + Around;
    private const int MostAccounts = 5_000_000;
    private const string Unreadable = "can't be read";

    private readonly SortedDictionary<string, int> _left = new(StringComparer.Ordinal);
    private Dictionary<string, (DateTimeOffset At, string Provisioner)>? _owners;
    private int _imported;
    private int _known;
    private int _deactivated;

    /// <summary>Whether it has any.</summary>
    public bool HasAny => _imported + _known + _left.Count > 0;

    /// <summary>What came of it, in words.</summary>
    public string Summary => $"{_imported} added, {_known} were here, {_deactivated} newly deactivated";

    /// <summary>What was left out, with the reasons; null: nothing.</summary>
    public string? Left => _left.Count == 0 ? null : string.Join("; ", _left.Select(left => $"{left.Value} {left.Key}"));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var batch in tables.ReadAsync(StepCaTable.AcmeAccounts, cancellationToken).Chunk(BatchSize).WithCancellation(cancellationToken))
        {
            var items = new List<ImportedAcmeAccount>(batch.Length);
            foreach (var row in batch)
            {
                if (Read(row) is not { } account)
                {
                    Leave(Unreadable);
                }
                else if ((account.Provisioner is { Length: > 0 } named ? named : await OwnerAsync(account.Id, cancellationToken)) is { } provisioner)
                {
                    items.Add(account with { Provisioner = provisioner });
                }
                else
                {
                    Leave("that never ordered, and of several provisioners it does not say which");
                }
            }

            if (items.Count > 0)
            {
                await SendAsync(items, cancellationToken);
            }
        }
    }

    /// <summary>Null: it can't be read. Without a provisioner: the row has none.</summary>
    internal static ImportedAcmeAccount? Read(StepCaRow row)
    {
        var account = StepCaJson.Parse(row.Value);
        if (StepCaJson.Text(account, "id") is not { } id || id != Encoding.ASCII.GetString(row.Key) || StepCaJson.Member(account, "key") is not { ValueKind: JsonValueKind.Object } key
            || key.GetRawText() is not { Length: <= MaxKey } jwk)
        {
            return null;
        }

        var contacts = StepCaJson.Member(account, "contact");
        return new ImportedAcmeAccount
        {
            Id = id,
            Provisioner = StepCaJson.Text(account, "provisionerName") ?? "",
            Key = jwk,
            Contacts = contacts.ValueKind == JsonValueKind.Array ? [.. contacts.EnumerateArray().Select(StepCaJson.Text).OfType<string>().Where(contact => contact.Length <= MaxContact).Take(MaxContacts)] : [],
            // What is not understood is over.
            IsValid = StepCaJson.Text(account, "status") == "valid",
        };
    }

    private async Task SendAsync(List<ImportedAcmeAccount> items, CancellationToken cancellationToken)
    {
        var result = await server.ImportAcmeAccountsAsync(new ImportAcmeAccountsRequest { Items = items }, cancellationToken);
        _imported += result.Imported;
        _known += result.Known;
        _deactivated += result.Deactivated;
        foreach (var refusal in result.Refused)
        {
            Leave(refusal.Reason switch
            {
                "no_provisioner" => "of ACME provisioners that are not here",
                "unusable_key" => "with keys that no account has here",
                "id_taken" => "whose id another account has here",
                "key_taken" => "whose key another account has here",
                _ => Unreadable,
            });
        }
    }

    /// <summary>Older step-cas keep no provisioner with an account: each of theirs takes it. Null: there are several, and it has ordered of none.</summary>
    private async Task<string?> OwnerAsync(string account, CancellationToken cancellationToken)
    {
        if (provisioners.Names.Count == 1)
        {
            return provisioners.Names[0];
        }

        _owners ??= await OwnersAsync(tables, provisioners.ById, cancellationToken);
        return _owners.TryGetValue(account, out var owner) ? owner.Provisioner : null;
    }

    /// <summary>Of each account, the provisioner that it ordered of last.</summary>
    /// <param name="tables">Where the orders are.</param>
    /// <param name="byId">Orders name a provisioner of ca.json by its name, and one of the database by its id.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<Dictionary<string, (DateTimeOffset At, string Provisioner)>> OwnersAsync(
        IStepCaTables tables, IReadOnlyDictionary<string, string> byId, CancellationToken cancellationToken)
    {
        const string OfAcme = "acme/";
        var owners = new Dictionary<string, (DateTimeOffset At, string Provisioner)>(StringComparer.Ordinal);
        await foreach (var row in tables.ReadAsync(StepCaTable.AcmeOrders, cancellationToken))
        {
            var order = StepCaJson.Parse(row.Value);
            if (StepCaJson.Text(order, "accountID") is not { } account || StepCaJson.Text(order, "provisionerID") is not { } id
                || (byId.GetValueOrDefault(id) ?? (id.StartsWith(OfAcme, StringComparison.Ordinal) ? id[OfAcme.Length..] : null)) is not { } provisioner)
            {
                continue;
            }

            var at = DateTimeOffset.TryParse(StepCaJson.Text(order, "createdAt"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var created) ? created : DateTimeOffset.MinValue;
            if (!owners.TryGetValue(account, out var known) || at >= known.At)
            {
                owners[account] = (at, provisioner);
                if (owners.Count > MostAccounts)
                {
                    throw StepCaDatabase.Refused($"the database has orders of more than {MostAccounts} ACME accounts");
                }
            }
        }

        return owners;
    }

    private void Leave(string why) => _left[why] = _left.GetValueOrDefault(why) + 1;
}
