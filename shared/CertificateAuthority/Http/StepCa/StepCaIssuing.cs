using System.Runtime.CompilerServices;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

/// <summary>POST sign, renew and rekey: decode, validate, authorize, act.</summary>
internal sealed class StepCaIssuing(Authority authority, ProvisionerRegistry provisioners, ProfileRenewals renewals, LeafGrants grants)
{
    private readonly ConditionalWeakTable<IssuingChain, SignAnswer> _answers = [];
    private readonly RenewToken _renewToken = new(authority);

    public async Task SignAsync(HttpContext context)
    {
        var body = await RequestBody.ParseAsync(context, StepCaRequests.ParseSign);
        var now = authority.Time.GetUtcNow();
        var notBefore = TimeOrDuration.Parse(body.NotBefore, now);
        // As step-ca: a duration counts from the beginning that was asked for.
        var notAfter = TimeOrDuration.Parse(body.NotAfter, notBefore ?? now);
        var csr = CsrOf(body.Csr);
        if (string.IsNullOrEmpty(body.Ott))
        {
            throw StepCaException.BadRequest("missing ott");
        }

        var token = OneTimeToken.Parse(body.Ott);
        var provisioner = provisioners.ByToken(token);
        var grant = await provisioner.AuthorizeSignAsync(token, now, context.RequestAborted);
        var validity = LeafValidity.Of(notBefore, notAfter, now, grant);
        var leaf = await grants.ApplyAsync(provisioner, grant, csr, new CredentialWords(token.Jws.Payload, body.TemplateData), validity, context.RequestAborted);
        // Webhooks take their time: what was removed or changed since does not sign by its old word.
        if (!provisioners.All.Contains(provisioner))
        {
            throw new ProblemException(503, "provisioner_changed", $"the provisioner {provisioner.Name} was changed meanwhile", TimeSpan.FromSeconds(1));
        }

        var issued = await authority.IssueAsync(
            new IssueRequest
            {
                Profile = leaf.Profile,
                Csr = csr,
                Names = leaf.Names,
                Contents = leaf.Contents,
                NotBefore = validity.NotBefore,
                NotAfter = validity.NotAfter,
                Provisioner = provisioner.Name,
                Requester = $"{provisioner.Name}:{grant.Subject}",
                BurnToken = grant.Token is not null || grant.IsReusable ? grant.Token : throw new InvalidOperationException($"The provisioner {provisioner.Name} granted a signature without the token to be spent."),
                Tenant = authority.Options.Tenant,
                Lineage = leaf.Lineage,
                Budgets = provisioner.Options.Limits.For(provisioner, grant.BudgetKey, ClientAddress.Of(context)),
                IsOneByNames = ProvisionerLimits.IsByNames(provisioner),
                StepProvisioner = grant.Extension,
                Issuer = provisioner.Options.Issuer,
            },
            context.RequestAborted);
        await AnswerAsync(context, issued);
    }

    public async Task RenewAsync(HttpContext context)
    {
        var (certificate, token) = BearerToken.Of(context.Request) is { } bearer
            ? _renewToken.Authorize(bearer)
            : (ClientCertificates.Required(context), null);
        await AnswerAsync(context, await renewals.RenewAsync(certificate, csr: null, token, context.RequestAborted));
    }

    public async Task RekeyAsync(HttpContext context)
    {
        var certificate = ClientCertificates.Required(context);
        var body = await RequestBody.ParseAsync(context, StepCaRequests.ParseRekey);
        await AnswerAsync(context, await renewals.RenewAsync(certificate, CsrOf(body.Csr), burnToken: null, context.RequestAborted));
    }

    private Task AnswerAsync(HttpContext context, IssuedCertificate issued) =>
        _answers.GetValue(issued.IssuedBy!, static issuers => new SignAnswer(issuers)).WriteAsync(context.Response, issued.Der);

    /// <summary>The request's signature is verified here, and nowhere else.</summary>
    private static CertificateSigningRequest CsrOf(string? pem)
    {
        if (string.IsNullOrEmpty(pem))
        {
            throw StepCaException.BadRequest("missing csr");
        }

        try
        {
            return CertificateSigningRequest.ParsePem(pem);
        }
        catch (PkiException e) when (e.Error is PkiError.Malformed or PkiError.TooLarge)
        {
            throw StepCaException.BadRequest($"error decoding json: {Reason(e)}", e);
        }
        catch (PkiException e) when (e.Error is PkiError.BadSignature or PkiError.WeakHash)
        {
            throw StepCaException.BadRequest($"invalid csr: {Reason(e)}", e);
        }
        catch (PkiException e) when (e.Error is PkiError.WeakKey)
        {
            throw StepCaException.Forbidden("certificate request RSA key must be at least 2048 bits (256 bytes)", e);
        }
    }

    /// <summary>step-ca only logs it; here the caller gets it as well, to correct the request.</summary>
    private static string Reason(PkiException e) => e.Message.TrimEnd('.');
}
