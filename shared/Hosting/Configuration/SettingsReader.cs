using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Hosting;

/// <summary>Makes values of a host's settings. What is wrong with any of them is kept until all are read, so that one start shows everything.</summary>
public sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _errors = [];

    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Null when unset or empty. For secrets there is <see cref="Secret"/>.</summary>
    public string? this[string name] => configuration[name];

    public string Get(string name, string fallback) => this[name] ?? fallback;

    /// <summary>Comma or space separated.</summary>
    public IReadOnlyList<string> List(string name, string fallback = "") => Get(name, fallback).Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Also from NAME_FILE.</summary>
    public string? Secret(string name)
    {
        try
        {
            return configuration[name];
        }
        catch (StartupException e)
        {
            Add(e.Message);
            return null;
        }
    }

    /// <summary>Null when unset, or not a <see cref="ServiceUrl"/> of one of these schemes.</summary>
    public Uri? Url(string name, params ReadOnlySpan<string> schemes)
    {
        if (this[name] is not { } text)
        {
            return null;
        }

        if (ServiceUrl.TryParse(text, schemes, out var url, out var why))
        {
            return url.Url;
        }

        Invalid(name, text, why);
        return null;
    }

    /// <summary>Null when unset, or not a number from 1 to <paramref name="most"/>.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="most">The largest number.</param>
    /// <param name="expected">What to say about another value.</param>
    public int? Number(string name, int most, string expected)
    {
        if (this[name] is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most)
        {
            return number;
        }

        Invalid(name, text, expected);
        return null;
    }

    /// <summary>Go-style durations as in step-ca: 90s, 15m, 24h, 1h30m, 7d. Positive.</summary>
    public TimeSpan Duration(string name, TimeSpan fallback)
    {
        if (this[name] is not { } text)
        {
            return fallback;
        }

        if (DurationText.TryParse(text, out var duration))
        {
            return duration;
        }

        Add($"{name} is not a duration. Expected for example 90s, 15m, 24h or 7d");
        return fallback;
    }

    /// <summary>Applies rules to options that were read.</summary>
    public void Validate<T>(T options, IValidateOptions<T> rules) where T : class => _errors.AddRange(rules.Validate(Options.DefaultName, options).Failures ?? []);

    /// <param name="setting">Its name.</param>
    /// <param name="value">As given; of a secret only that there is one.</param>
    /// <param name="why">What is wrong with it.</param>
    public void Invalid(string setting, string value, string why) => Add(Describe(setting, value, why));

    public void Add(string error) => _errors.Add(error);

    /// <summary>Throws <see cref="StartupException"/> with every error.</summary>
    public void ThrowIfInvalid()
    {
        if (_errors.Count > 0)
        {
            throw new StartupException("the configuration cannot be used:\n" + string.Join('\n', _errors.Select(error => "  - " + error)));
        }
    }

    /// <summary>Leaves out a value that may hold credentials.</summary>
    internal static string Describe(string setting, string value, string why) => $"{setting}: \"{(value.Contains('@') ? "…" : value)}\": {why}.";
}

public static class ValidationErrorExtensions
{
    /// <summary>As <see cref="SettingsReader.Invalid"/>.</summary>
    public static void AddInvalid(this ValidateOptionsResultBuilder errors, string setting, string value, string why) => errors.AddError(SettingsReader.Describe(setting, value, why));
}
