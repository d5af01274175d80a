using System.Text.Json;
using System.Text.RegularExpressions;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using OpenIddict.EntityFrameworkCore.Models;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>Programs as the issuer's clients (RFC 6749 section 4.4): each with a secret or a public key, and roles of its own. Every change is an audit entry.</summary>
internal sealed class ServiceAccounts(IServiceScopeFactory scopes, TimeProvider time)
{
    private const string RolesProperty = "roles";
    private const string CreatedProperty = "created_at";
    private const string OperatorProperty = "operator";
    private const string FolderProperty = "folder";

    public async Task<IReadOnlyList<ServiceAccountView>> ListAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (db, applications) = Of(scope);
        var ids = await db.Set<OpenIddictEntityFrameworkCoreApplication>()
            .Where(a => a.ClientId!.StartsWith(ServiceAccountName.Prefix)).OrderBy(a => a.ClientId).Select(a => a.ClientId!).ToListAsync(cancellationToken);
        var accounts = new List<ServiceAccountView>();
        foreach (var id in ids)
        {
            if (await FindAsync(applications, id, cancellationToken) is { } found)
            {
                accounts.Add(found.View);
            }
        }

        return accounts;
    }

    /// <summary>With their public keys, without the keys of machines.</summary>
    public async Task<IReadOnlyList<ExportedProgram>> ExportAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (db, applications) = Of(scope);
        var rows = await db.Set<OpenIddictEntityFrameworkCoreApplication>().AsNoTracking()
            .Where(a => a.ClientId!.StartsWith(ServiceAccountName.Prefix)).OrderBy(a => a.ClientId).Select(a => new { a.ClientId, a.JsonWebKeySet }).ToListAsync(cancellationToken);
        var programs = new List<ExportedProgram>();
        foreach (var row in rows)
        {
            if (await FindAsync(applications, row.ClientId!, cancellationToken) is { Operator: null } found)
            {
                programs.Add(new ExportedProgram { Name = found.View.Name, ClientId = found.View.ClientId, Roles = found.View.Roles, KeySet = row.JsonWebKeySet });
            }
        }

        return programs;
    }

    /// <summary>As it is now; null: it has been removed.</summary>
    public async Task<ServiceAccount?> FindAsync(string clientId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await FindAsync(Of(scope).Applications, clientId, cancellationToken);
    }

    /// <returns>The secret; null: it has a key. Throws <see cref="ProblemException"/> 400 or 409.</returns>
    public async Task<string?> AddAsync(string name, IReadOnlyList<string> roles, string? publicKey, string actor, CancellationToken cancellationToken)
    {
        var clientId = ServiceAccountName.ClientIdOf(name);
        AccountRoles.Require(roles);
        if (name.StartsWith(ServiceAccountName.OperatorPrefix, StringComparison.Ordinal))
        {
            throw new ProblemException(400, "bad_name", $"Names that begin with {ServiceAccountName.OperatorPrefix} are those of the machines' own keys.");
        }

        var descriptor = Descriptor(clientId, $"service account {name}", roles.Distinct(StringComparer.Ordinal));
        var credential = Credential.Of(publicKey);
        await using var scope = scopes.CreateAsyncScope();
        var (db, applications) = Of(scope);
        await db.RunAuditedAsync(async () =>
        {
            if (await applications.FindByClientIdAsync(clientId, cancellationToken) is not null)
            {
                throw new ProblemException(409, "service_account_exists", $"There is a service account {name} already.");
            }

            await CreateAsync(applications, descriptor, credential, cancellationToken);
            return new AuditEntry(actor, "service_account.added", clientId, AuditDetails.Of(("roles", string.Join(' ', roles)), ("authentication", credential.Name)));
        }, cancellationToken);
        return credential.Secret;
    }

    /// <returns>The new secret; null: it has a key.</returns>
    public async Task<string?> RotateAsync(string name, string? publicKey, string actor, CancellationToken cancellationToken)
    {
        var clientId = ServiceAccountName.ClientIdOf(name);
        var credential = Credential.Of(publicKey);
        await using var scope = scopes.CreateAsyncScope();
        var (db, applications) = Of(scope);
        await db.RunAuditedAsync(async () =>
        {
            if (await applications.FindByClientIdAsync(clientId, cancellationToken) is not OpenIddictEntityFrameworkCoreApplication application)
            {
                throw NotFound(name);
            }

            // A key of someone else's would act in the operator's name.
            if ((await applications.GetPropertiesAsync(application, cancellationToken)).ContainsKey(OperatorProperty))
            {
                throw new ProblemException(409, "operator_key", $"{name} is the operator's key of a machine. To replace it, delete the file there; or remove it here.");
            }

            // Nothing of before stays.
            (application.ClientSecret, application.JsonWebKeySet) = (null, credential.KeySet);
            await applications.UpdateAsync(application, credential.Secret, cancellationToken);
            return new AuditEntry(actor, "service_account.rotated", clientId, AuditDetails.Of(("authentication", credential.Name)));
        }, cancellationToken);
        return credential.Secret;
    }

    /// <summary>Tokens that are out are good until they end, five minutes at most.</summary>
    public async Task RemoveAsync(string name, string actor, CancellationToken cancellationToken)
    {
        var clientId = ServiceAccountName.ClientIdOf(name);
        await using var scope = scopes.CreateAsyncScope();
        var (db, _) = Of(scope);
        var removed = await db.RunAuditedAsync(
            async () => await db.Set<OpenIddictEntityFrameworkCoreApplication>().Where(a => a.ClientId == clientId).ExecuteDeleteAsync(cancellationToken) == 0
                ? null
                : new AuditEntry(actor, "service_account.removed", clientId),
            cancellationToken);
        if (!removed)
        {
            throw NotFound(name);
        }
    }

    /// <summary>Whether the key is registered so.</summary>
    public async Task<bool> IsOperatorAsync(OperatorClient client, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var applications = Of(scope).Applications;
        return await applications.FindByClientIdAsync(client.ClientId, cancellationToken) is { } application && application.JsonWebKeySet == client.Credential.KeySet
            && await applications.GetPropertiesAsync(application, cancellationToken) is { } properties
            && properties.TryGetValue(OperatorProperty, out var user) && user.GetString() == client.User;
    }

    /// <summary>Registers the key in place of the one that the same data folder had before.</summary>
    /// <param name="client">The new one.</param>
    /// <param name="own">The folder's client until now. Null: it does not know it, and those of machine and folder by these names end.</param>
    /// <param name="found">The client of the key in the folder's file; null: none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task ReplaceOperatorAsync(OperatorClient client, string? own, string? found, CancellationToken cancellationToken)
    {
        var descriptor = Descriptor(client.ClientId, $"the operator of {client.Folder}", [Roles.Admin]);
        descriptor.Properties[OperatorProperty] = JsonSerializer.SerializeToElement(client.User);
        descriptor.Properties[FolderProperty] = JsonSerializer.SerializeToElement(client.Folder);
        await using var scope = scopes.CreateAsyncScope();
        var (db, applications) = Of(scope);
        await db.RunAuditedAsync(async () =>
        {
            foreach (var other in await db.Set<OpenIddictEntityFrameworkCoreApplication>().Where(a => a.ClientId!.StartsWith(OperatorClient.Prefix)).ToListAsync(cancellationToken))
            {
                if (other.ClientId == own || other.ClientId == found
                    || (own is null && (await applications.GetPropertiesAsync(other, cancellationToken)).TryGetValue(FolderProperty, out var folder) && folder.GetString() == client.Folder))
                {
                    await db.Set<OpenIddictEntityFrameworkCoreApplication>().Where(a => a.Id == other.Id).ExecuteDeleteAsync(cancellationToken);
                }
            }

            db.ChangeTracker.Clear(); // what was deleted
            await CreateAsync(applications, descriptor, client.Credential, cancellationToken);
            return new AuditEntry("system", "operator_key.registered", client.ClientId, AuditDetails.Of(("user", client.User), ("folder", client.Folder)));
        }, cancellationToken);
    }

    private OpenIddictApplicationDescriptor Descriptor(string clientId, string displayName, IEnumerable<string> roles) => new()
    {
        ClientId = clientId,
        ClientType = ClientTypes.Confidential,
        DisplayName = displayName,
        Permissions =
        {
            Permissions.Endpoints.Token, Permissions.Endpoints.Revocation, Permissions.GrantTypes.ClientCredentials, Permissions.Prefixes.Scope + IssuerScopes.Api,
        },
        Properties =
        {
            [RolesProperty] = JsonSerializer.SerializeToElement(roles.ToArray()),
            [CreatedProperty] = JsonSerializer.SerializeToElement(time.GetUtcNow()),
        },
    };

    private static async Task CreateAsync(
        OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication> applications, OpenIddictApplicationDescriptor descriptor, Credential credential, CancellationToken cancellationToken)
    {
        var application = new OpenIddictEntityFrameworkCoreApplication();
        await applications.PopulateAsync(application, descriptor, cancellationToken);
        application.JsonWebKeySet = credential.KeySet;
        await applications.CreateAsync(application, credential.Secret, cancellationToken);
    }

    /// <summary>In a request that it has proved itself in: OpenIddict has read it already.</summary>
    public static async Task<ServiceAccount?> FindAsync(OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication> applications, string clientId, CancellationToken cancellationToken)
    {
        if (!clientId.StartsWith(ServiceAccountName.Prefix, StringComparison.Ordinal) || await applications.FindByClientIdAsync(clientId, cancellationToken) is not { } application)
        {
            return null;
        }

        var descriptor = new OpenIddictApplicationDescriptor();
        await applications.PopulateAsync(descriptor, application, cancellationToken);
        return new ServiceAccount((await applications.GetIdAsync(application, cancellationToken))!, new ServiceAccountView
        {
            Name = clientId[ServiceAccountName.Prefix.Length..],
            ClientId = clientId,
            Roles = descriptor.Properties[RolesProperty].Deserialize<string[]>()!,
            Authentication = application.JsonWebKeySet is null ? ServiceAccountView.Secret : ServiceAccountView.Key,
            CreatedAt = descriptor.Properties[CreatedProperty].GetDateTimeOffset(),
        })
        {
            Operator = descriptor.Properties.TryGetValue(OperatorProperty, out var user) ? user.GetString() : null,
        };
    }

    private static ProblemException NotFound(string name) => new(404, "service_account_not_found", $"There is no service account {name}.");

    private static (IssuerDb Db, OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication> Applications) Of(AsyncServiceScope scope) =>
        (scope.ServiceProvider.GetRequiredService<IssuerDb>(), scope.ServiceProvider.GetRequiredService<OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication>>());
}

/// <summary>What tokens say of it.</summary>
/// <param name="Id">Which no other one ever gets.</param>
/// <param name="View">As it is listed.</param>
internal sealed record ServiceAccount(string Id, ServiceAccountView View)
{
    /// <summary>The user of the machine whose key it is; null: it is any program's.</summary>
    public string? Operator { get; init; }

    public string Name => Operator is { } user ? MachineOperator.Prefix + user : View.ClientId;
}

/// <summary>Named as Keycloak names them. No person's account may be called so.</summary>
internal static partial class ServiceAccountName
{
    public const string Prefix = "service-account-";

    /// <summary>Of names that only keys of machines have.</summary>
    public const string OperatorPrefix = "operator-";

    public static string ClientIdOf(string name) => Pattern().IsMatch(name)
        ? Prefix + name
        : throw new ProblemException(400, "bad_name", "A service account's name is 1 to 48 lower-case letters, digits and inner dashes.");

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?\z", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex Pattern();
}
