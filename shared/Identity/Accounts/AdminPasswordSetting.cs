using IoTPlatform.Hosting;

namespace IoTPlatform.Identity;

/// <summary>Judges the first administrator's password before anything is made. The value is never repeated.</summary>
public static class AdminPasswordSetting
{
    public const string Name = "IOT_ADMIN_PASSWORD";

    /// <summary>Null: generated. What is wrong is told to <paramref name="mistake"/>: setting, value, why.</summary>
    public static string? Read(PlatformOptions settings, Action<string, string, string> mistake)
    {
        try
        {
            var password = settings.Secret(Name);
            if (password?.Length is < PasswordHashing.MinLength or > PasswordHashing.MaxLength)
            {
                mistake(Name, "…", $"a password has {PasswordHashing.MinLength} to {PasswordHashing.MaxLength} characters");
            }

            return password;
        }
        catch (StartupException e)
        {
            mistake(Name + "_FILE", "…", e.Message);
            return null;
        }
    }
}
