using System.Text.Json;
using IoTPlatform.CertificateAuthority.Inventories;
using IoTPlatform.CertificateAuthority.Templates;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// From a grant to what is certified for a request: the inventory has the credential, enriching webhooks are asked, the template decides, the provisioner's policy and the reserved names judge what it has decided, and what a
/// leaf can't have is refused before, by <see cref="RenderedLeaf"/>, and after, by lint; authorizing webhooks have the last word.
/// </summary>
internal sealed class LeafGrants(ProvisionerRegistry provisioners, NameReservations reservations, CredentialInventories inventories, WebhookCalls webhooks, TimeProvider time)
{
    /// <param name="provisioner">Whose grant it is.</param>
    /// <param name="grant">Of a genuine credential.</param>
    /// <param name="csr">The request.</param>
    /// <param name="credential">For the template.</param>
    /// <param name="validity">For webhooks to see.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<GrantedLeaf> ApplyAsync(IProvisioner provisioner, SignGrant grant, CertificateSigningRequest csr, CredentialWords credential, LeafValidity validity, CancellationToken cancellationToken)
    {
        provisioners.RequireIssuer(provisioner);
        var names = grant.Names.Certify(csr);
        foreach (var rule in grant.Rules)
        {
            rule.Check(csr);
        }

        var word = await inventories.RequireAsync(provisioner, grant.CredentialNames, cancellationToken);
        var answers = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var webhook in provisioner.Options.Webhooks.Where(webhook => webhook.Kind == WebhookKind.Enriching))
        {
            answers[webhook.Name] = await webhooks.AskAsync(webhook, WebhookMessages.OfRequest(provisioner.Name, grant, csr, time.GetUtcNow()), cancellationToken) ?? JsonElement.Parse("null");
        }

        var leaf = new GrantedLeaf(names, grant.Profile, Contents: null) { Lineage = word?.Lineage };
        if ((provisioner.Options.Template ?? grant.Vouched?.Template) is { } template)
        {
            var input = new TemplateInput { Names = names, Request = csr, Token = credential.Claims, Credential = grant.Credential, UserData = credential.UserData, Vouched = grant.Vouched, Inventory = word?.Data, Webhooks = answers };
            var rendered = template.Render(input, time);
            leaf = leaf with { Names = rendered.Names, Profile = rendered.Within(grant.Profile), Contents = rendered.Contents };
        }

        var judged = JudgedNames.Of(leaf.Names, leaf.Contents?.Subject);
        provisioners.RequireAllowed(provisioner, judged);
        await reservations.RequireFreeAsync(judged, cancellationToken);
        foreach (var webhook in provisioner.Options.Webhooks.Where(webhook => webhook.Kind == WebhookKind.Authorizing))
        {
            await webhooks.AskAsync(webhook, WebhookMessages.OfCertificate(provisioner.Name, grant, csr, leaf, validity, time.GetUtcNow()), cancellationToken);
        }

        return leaf;
    }
}

/// <param name="Names">To certify.</param>
/// <param name="Profile">With the lifetimes of the grant.</param>
/// <param name="Contents">Beside names and profile; null: nothing.</param>
internal sealed record GrantedLeaf(SubjectNames Names, CertificateProfile Profile, CertificateContents? Contents)
{
    /// <summary>The inventory's entry, for renewals; null: the provisioner has none.</summary>
    public string? Lineage { get; init; }
}

/// <summary>What was sent beside the request.</summary>
/// <param name="Claims">Of the token, JSON; empty: there is none.</param>
/// <param name="UserData">The request's <c>templateData</c>.</param>
internal readonly record struct CredentialWords(ReadOnlyMemory<byte> Claims, JsonElement? UserData);
