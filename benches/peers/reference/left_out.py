"""The subpackage `pyramid_sqlalchemy_sessions.config`, which the release of 2017 forgot to package.

The published wheel, and there is nothing else, lists its top package only. So it cannot be imported: what reads the
settings is missing. This stands in for it, written for this benchmark from the library's documentation and from how the
published part uses it, and holds no more than the application needs: global settings, no settings of single sessions.
All that is measured (loading, validity, the hooks of the transaction, the cookie) is the published code, unchanged.

Importing this module puts it where the library looks for it.
"""
import base64
import os
import sys
import types

PREFIX = 'session.'

DEFAULTS = {
    'dbsession_name': 'dbsession',
    'cookie_name': 'session',
    'cookie_max_age': None,
    'cookie_path': '/',
    'cookie_domain': None,
    'cookie_secure': False,
    'cookie_httponly': True,
    'idle_timeout': None,
    'absolute_timeout': None,
    'renewal_timeout': None,
    'renewal_try_every': 5,
    'extension_delay': None,
    'extension_chance': 100,
    'extension_deadline': 1,
}

# A model takes part in a feature by inheriting from its mixin.
FEATURES = {
    'enable_userid': 'UseridMixin',
    'enable_csrf': 'CSRFMixin',
    'enable_configcookie': 'ConfigCookieMixin',
}
TIMEOUTS = {
    'config_idle': ('IdleMixin', 'ConfigIdleMixin'),
    'config_absolute': ('AbsoluteMixin', 'ConfigAbsoluteMixin'),
    'config_renewal': ('RenewalMixin', 'ConfigRenewalMixin'),
}


class SessionSettings:
    """What holds for a session. Here that is always what holds for all."""

    def __init__(self, session):
        self._session = session

    def __getattr__(self, name):
        return getattr(self._session, '_' + name)

    def discard(self):
        """Forgets edits. There are none."""


class NoSettings:
    """A part of the settings that this application does not use."""


def get_config_defaults():
    return dict(DEFAULTS)


def generate_secret_key(size=32):
    return base64.urlsafe_b64encode(os.urandom(size)).decode()


def factory_args_from_settings(settings, maybe_dotted, prefix=PREFIX):
    from pyramid_sqlalchemy_sessions.serializer import AESGCMBytestore

    given = {name[len(prefix):]: value for name, value in settings.items() if name.startswith(prefix)}
    secret = base64.urlsafe_b64decode(given.pop('secret_key'))
    model_class = maybe_dotted(given.pop('model_class'))
    return {**DEFAULTS, **given, 'serializer': AESGCMBytestore(secret), 'model_class': model_class}


def _process_factory_args(args):
    from pyramid_sqlalchemy_sessions import model

    def inherits(mixin):
        return issubclass(args['model_class'], getattr(model, mixin))

    args = dict(args)
    for feature, mixin in FEATURES.items():
        args[feature] = inherits(mixin)
    for feature, (mixin, per_session) in TIMEOUTS.items():
        args[feature] = inherits(per_session) if inherits(mixin) else None
    return args


config = sys.modules[__name__]
settings = types.ModuleType('pyramid_sqlalchemy_sessions.config.settings')
settings.SessionSettings = SessionSettings
for part in ('_Base', '_ConfigAbsolute', '_ConfigCookie', '_ConfigIdle', '_ConfigRenewal'):
    setattr(settings, part + 'Settings', type(part + 'Settings', (NoSettings,), {}))
sys.modules['pyramid_sqlalchemy_sessions.config'] = config
sys.modules['pyramid_sqlalchemy_sessions.config.settings'] = settings
