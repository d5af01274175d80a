using System.Net;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Identity.Factors;

/// <summary>What a page hands to the browser's authenticator, and what it brings back with the answer.</summary>
/// <param name="Options">For the script.</param>
/// <param name="State">The challenge, for this server alone.</param>
internal sealed record PasskeyRequest(string Options, string State);

/// <summary>
/// Passkeys by ASP.NET Core Identity's WebAuthn ceremonies. An authenticator always verifies its user, so a passkey is two factors and opens an account by
/// itself. Each challenge counts once, for one purpose.
/// </summary>
internal sealed class Passkeys
{
    public const string StateField = "passkey_state";
    public const string CredentialField = "credential";
    private const int MostPerAccount = 10;
    private const int LongestCredential = 16 * 1024;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly string _origin;
    private readonly bool _hasName;
    private readonly PasskeyHandler<Account> _ceremonies;
    private readonly PasskeyStore _store;
    private readonly ProtectedText _protection;
    private readonly UsedLogins _used;
    private readonly RateLimiter _attempts;
    private readonly AnonymousRefusals _refusals;
    private readonly TimeProvider _time;
    private readonly ILogger<Passkeys> _logger;

    public Passkeys(PortalOptions portal, PasskeyStore store, ProtectedText protection, UsedLogins used, AnonymousRefusals refusals, TimeProvider time, ILogger<Passkeys> logger, IServiceProvider services)
    {
        _origin = portal.PublicUrl.GetLeftPart(UriPartial.Authority);
        _hasName = !IPAddress.TryParse(portal.PublicUrl.Host.Trim('[', ']'), out _);
        (_store, _protection, _used, _time, _logger) = (store, protection, used, time, logger);
        _attempts = new RateLimiter(time, burst: 100, TimeSpan.FromSeconds(1)); // no signature is guessed: only what an address may cost
        _refusals = refusals;
        var users = new UserManager<Account>(
            store, Options.Create(new IdentityOptions()), new PasswordHasher<Account>(), [], [], new UpperInvariantLookupNormalizer(), new IdentityErrorDescriber(), services, NullLogger<UserManager<Account>>.Instance);
        _ceremonies = new PasskeyHandler<Account>(users, Options.Create(new IdentityPasskeyOptions
        {
            ServerDomain = portal.PublicUrl.Host,
            UserVerificationRequirement = "required",
            ResidentKeyRequirement = "preferred",
            AttestationConveyancePreference = "none",
            AuthenticatorTimeout = Lifetime,
            ValidateOrigin = origin => ValueTask.FromResult(!origin.CrossOrigin && origin.Origin == _origin),
        }));
    }

    /// <param name="context">The page's request.</param>
    /// <param name="account">Whose passkey has to answer; null: any, which then says whose it is.</param>
    /// <returns>Null: no browser has passkeys for an address without a name.</returns>
    public async Task<PasskeyRequest?> RequestAsync(HttpContext context, Account? account)
    {
        if (!_hasName)
        {
            return null;
        }

        var request = await _ceremonies.MakeRequestOptionsAsync(account, context);
        return new PasskeyRequest(request.RequestOptionsJson, _protection.Protect(request.AssertionState!, Lifetime, Purpose(account)));
    }

    /// <summary>Whose passkey answered. Throws <see cref="ProblemException"/> 401 <c>passkey_refused</c>, the same for every reason, or 429.</summary>
    /// <param name="context">With the form.</param>
    /// <param name="form">Its state and credential.</param>
    /// <param name="account">As when it was asked for.</param>
    public async Task<Account> RequireAsync(HttpContext context, IFormCollection form, Account? account)
    {
        var address = ClientAddress.Of(context);
        var attempt = _attempts.Reserve(address);
        var answered = await AssertAsync(context, form[StateField].ToString(), form[CredentialField].ToString(), account);
        if (answered is null)
        {
            await _refusals.RecordAsync("login.failed", "passkey", account?.Username ?? "unknown", address, context.RequestAborted);
            throw new ProblemException(401, "passkey_refused", "This passkey was not accepted. Try again, or another way.");
        }

        attempt.GiveBack();
        return answered;
    }

    /// <summary>For a passkey that is to be added; null: as above.</summary>
    public async Task<PasskeyRequest?> NewAsync(HttpContext context, OwnAccountView account, byte[] session)
    {
        if (!_hasName || account.Passkeys.Count >= MostPerAccount)
        {
            return null;
        }

        var creation = await _ceremonies.MakeCreationOptionsAsync(new PasskeyUserEntity { Id = PasskeyStore.IdOf(account.Subject), Name = account.Username, DisplayName = account.Username }, context);
        return new PasskeyRequest(creation.CreationOptionsJson, _protection.Protect(creation.AttestationState!, Lifetime, Purpose(session)));
    }

    /// <summary>What the authenticator made. Throws <see cref="ProblemException"/> 422 <c>passkey_refused</c>.</summary>
    public async Task<UserPasskeyInfo> MadeAsync(HttpContext context, IFormCollection form, byte[] session)
    {
        var credential = form[CredentialField].ToString();
        if (credential.Length <= LongestCredential && await StateAsync(form[StateField].ToString(), Purpose(session), context.RequestAborted) is { } state)
        {
            var result = await _ceremonies.PerformAttestationAsync(new PasskeyAttestationContext { HttpContext = context, CredentialJson = credential, AttestationState = state });
            if (result.Succeeded)
            {
                return result.Passkey;
            }

            PasskeyLog.Refused(_logger, result.Failure.Message);
        }

        throw new ProblemException(422, "passkey_refused", "This passkey could not be added. Try again.");
    }

    private async Task<Account?> AssertAsync(HttpContext context, string protectedState, string credential, Account? account)
    {
        if (credential.Length > LongestCredential || await StateAsync(protectedState, Purpose(account), context.RequestAborted) is not { } state)
        {
            return null;
        }

        var result = await _ceremonies.PerformAssertionAsync(new PasskeyAssertionContext { HttpContext = context, CredentialJson = credential, AssertionState = state });
        if (!result.Succeeded)
        {
            PasskeyLog.Refused(_logger, result.Failure.Message);
            return null;
        }

        return await _store.UseAsync(result.User, result.Passkey, context.RequestAborted) ? result.User : null;
    }

    /// <summary>Null: it is not ours, too old, or its challenge was used. A synchronised passkey counts nothing, so only this tells an answer from its copy.</summary>
    private async Task<string?> StateAsync(string protectedState, string[] purpose, CancellationToken cancellationToken) =>
        _protection.Read(protectedState, purpose) is { } state && await _used.TryUseAsync(state, _time.GetUtcNow() + Lifetime, cancellationToken) ? state : null;

    private static string[] Purpose(Account? account) => ["passkey", account is null ? "anyone" : PasskeyStore.IdOf(account.Subject)];

    private static string[] Purpose(byte[] session) => ["new-passkey", Convert.ToHexStringLower(session)];
}

internal static partial class PasskeyLog
{
    [LoggerMessage(21, LogLevel.Warning, "a passkey was refused: {Reason}")]
    public static partial void Refused(ILogger logger, string reason);
}
