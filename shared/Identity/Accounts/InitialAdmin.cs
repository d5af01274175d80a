using System.Security.Cryptography;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using Npgsql;

namespace IoTPlatform.Identity;

/// <summary>The first account of a new installation.</summary>
public static class InitialAdmin
{
    /// <summary>The file in the data folder that holds a generated password, mode 0600.</summary>
    public const string PasswordFile = "admin-password";

    public const string Username = "admin";

    /// <summary>Where it signs in, and with what password.</summary>
    /// <param name="publicUrl">Where browsers reach this host; ends with a slash.</param>
    /// <param name="dataFolder">Where a generated password is.</param>
    public static string SignIn(Uri publicUrl, string dataFolder)
    {
        var password = Path.Combine(Path.GetFullPath(dataFolder), PasswordFile);
        return $"{publicUrl}portal (user {Username}, password {(File.Exists(password) ? $"in {password}" : "as it was given at the first start")})";
    }

    // 24 of 31 unambiguous characters: 118 bits.
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz23456789";

    /// <summary>
    /// Creates <c>admin</c> unless it is there; true when it was made now. Throws <see cref="StartupException"/> for a password that an existing
    /// account does not have: the setting makes an account and changes none.
    /// </summary>
    /// <param name="password">IOT_ADMIN_PASSWORD; null: generated into <see cref="PasswordFile"/>.</param>
    public static async Task<bool> EnsureAsync(NpgsqlDataSource dataSource, DataFolder folder, string? password, TimeProvider time, CancellationToken cancellationToken)
    {
        var accounts = new AccountStore(AccountsDb.CreateFactory(dataSource), time);
        if ((await accounts.FindAsync(Username, address: "", cancellationToken)).Account is { } existing)
        {
            return password is null || PasswordHashing.Verify(existing.PasswordHash, password, out _)
                ? false
                : throw new StartupException(
                    $"{AdminPasswordSetting.Name} is not the password of the account {Username}, which exists already: the setting makes the first account and changes none. "
                    + "Leave it out, or set it to the password the account has.");
        }

        // The file first: a crash in between must not leave an account with an unknown password.
        password ??= folder.ReadOrCreateSecret(PasswordFile, () => RandomNumberGenerator.GetString(Alphabet, 24));
        try
        {
            await accounts.CreateAsync(Username, password, [Roles.Admin], cancellationToken);
            return true;
        }
        catch (ProblemException e) when (e.Status == 400)
        {
            throw new StartupException($"{AdminPasswordSetting.Name}: {e.Message}", ExitCodes.Usage, e);
        }
        catch (ProblemException e) when (e.Status == 409)
        {
            return false; // another process was faster
        }
    }
}

/// <summary>Judges the first administrator's password before anything is made. The value is never repeated.</summary>
public static class AdminPasswordSetting
{
    public const string Name = "IOT_ADMIN_PASSWORD";

    /// <summary>Null: generated.</summary>
    public static string? Read(SettingsReader settings)
    {
        var password = settings.Secret(Name);
        if (password?.Length is < PasswordHashing.MinLength or > PasswordHashing.MaxLength)
        {
            settings.Invalid(Name, "…", $"a password has {PasswordHashing.MinLength} to {PasswordHashing.MaxLength} characters");
        }

        return password;
    }
}
